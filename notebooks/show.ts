/** What the notebooks share: figures of Vega-Lite and pictures, shown under their cells. */
import type { TopLevelSpec } from 'vega-lite';
import { FONT } from '../src/pipeline/reporting/figures/rasterise.ts';
import { renderFigure } from '../src/pipeline/reporting/figures/render.ts';

declare const Deno: {
  readonly jupyter: {
    readonly display: (data: Readonly<Record<string, string>>, options: { raw: true }) => Promise<void>;
  };
};

// As values of cells, they would arrive after the cell's end where the machine is busy, and be lost.

/** Shows a PNG. */
export async function picture(png: Uint8Array): Promise<void> {
  await Deno.jupyter.display({ 'image/png': Buffer.from(png).toString('base64') }, { raw: true });
}

/** Shows a figure: `await show(confusionMatrix(counts, classes))`. */
export async function show(specification: TopLevelSpec): Promise<void> {
  const { svg } = await renderFigure(specification);
  // A reader's machine may not have the font.
  const text = svg.replaceAll(`font-family="${FONT}"`, `font-family="${FONT}, Verdana, sans-serif"`);
  await Deno.jupyter.display({ 'image/svg+xml': text }, { raw: true });
}
