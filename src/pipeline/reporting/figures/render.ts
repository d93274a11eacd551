import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { WgradError } from '../../../backend/errors.ts';
import { FONT, rasterise } from './rasterise.ts';

/** One figure in two forms. */
export interface Figure {
  /** For pages: text stays text. */
  readonly svg: string;
  /** For documents and viewers that take pixels: 2 pixels a unit, on white. */
  readonly png: Uint8Array;
}

/** A figure that cannot be drawn: the specification is wrong. */
export class FigureError extends WgradError {
  override name = 'FigureError';
}

/**
 * Draws a figure that Vega-Lite describes. The same specification gives the same bytes, on every machine.
 *
 * @param specification with its data inside; a title, axes with units
 * @throws FigureError when Vega-Lite does not take the specification
 * @example
 * const { svg, png } = await renderFigure({
 *   data: { values: [{ epoch: 1, loss: 0.5 }, { epoch: 2, loss: 0.4 }] },
 *   mark: 'line',
 *   encoding: { x: { field: 'epoch', type: 'ordinal' }, y: { field: 'loss', type: 'quantitative' } },
 * });
 */
export async function renderFigure(specification: TopLevelSpec): Promise<Figure> {
  const svg = await draw(specification);
  return { svg, png: rasterise(svg) };
}

async function draw(specification: TopLevelSpec): Promise<string> {
  // Vega counts the ids of clip paths over the life of the process.
  vega.resetSVGDefIds();
  const complaints: string[] = [];
  const complain = (...words: readonly unknown[]): void => void complaints.push(words.map(String).join(' '));
  const quiet = vega.logger(vega.Error);
  quiet.error = (...words) => {
    complain(...words);
    return quiet;
  };
  try {
    const { spec } = compile(specification, { config: { font: FONT, background: 'white' }, logger: quiet });
    const view = new vega.View(vega.parse(spec), { renderer: 'none', logger: quiet });
    const svg = await view.toSVG();
    view.finalize();
    if (complaints.length === 0) return svg;
  } catch (error) {
    complain(error instanceof Error ? error.message : error);
  }
  throw new FigureError(`The figure cannot be drawn: ${complaints.join('; ')}`);
}
