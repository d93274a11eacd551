import { decode } from 'fast-png';
import type { TopLevelSpec } from 'vega-lite';
import { describe, expect, it } from 'vitest';
import { FigureError, renderFigure } from '../../../../src/pipeline/reporting/figures/render.ts';

const curve = (title: string): TopLevelSpec => ({
  title,
  width: 200,
  height: 100,
  data: {
    values: [
      { epoch: 1, loss: 0.5 },
      { epoch: 2, loss: 0.4 },
    ],
  },
  mark: { type: 'line', clip: true },
  encoding: {
    x: { field: 'epoch', type: 'ordinal', title: '' },
    y: { field: 'loss', type: 'quantitative' },
  },
});

/** How many pixels of the topmost rows, where the title stands, are dark. */
function inkOfTitle(png: Uint8Array): number {
  const { width, data, channels } = decode(png);
  return data.subarray(0, 26 * width * channels).filter((value, at) => at % channels === 0 && value < 128)
    .length;
}

describe('renderFigure', () => {
  it('draws SVG and PNG, with text in both', async () => {
    const { svg, png } = await renderFigure(curve('Loss of a run'));
    expect(svg).toContain('Loss of a run');
    expect(decode(png).height).toBeGreaterThan(200);
    expect(inkOfTitle(png)).toBeGreaterThan(200);
    expect(inkOfTitle((await renderFigure(curve('\u00a0'))).png)).toBe(0);
  });

  it('gives the same bytes each time', async () => {
    const [first, second] = [await renderFigure(curve('a')), await renderFigure(curve('a'))];
    expect(second.svg).toBe(first.svg);
    expect(Buffer.from(second.png).equals(first.png)).toBe(true);
  });

  it('refuses what Vega-Lite does not take', async () => {
    await expect(renderFigure({ mark: 'nothing' } as unknown as TopLevelSpec)).rejects.toThrow(FigureError);
  });
});
