import type { TopLevelSpec } from 'vega-lite';
import { PADDING, THEME } from './theme.ts';

/** A picture of a grid, and what stands below it. */
export interface Cell {
  readonly picture: string;
  readonly caption?: readonly string[];
}

export interface PictureGrid {
  readonly title: string;
  readonly subtitle: string | string[];
  /** Row by row. A row's label stands at its left. */
  readonly rows: readonly { readonly label?: string; readonly cells: readonly Cell[] }[];
  /** Side of a picture, in pixels of the figure. */
  readonly side: number;
}

const GAP = 6;
const LINE = 12;

/** Pictures in rows, with captions. */
export function pictureGrid({ title, subtitle, rows, side }: PictureGrid): TopLevelSpec {
  const columns = Math.max(...rows.map(({ cells }) => cells.length));
  const lines = Math.max(0, ...rows.flatMap(({ cells }) => cells.map(({ caption }) => caption?.length ?? 0)));
  const widest = Math.max(
    0,
    ...rows.flatMap(({ cells }) => cells.flatMap(({ caption = [] }) => caption.map((line) => line.length))),
  );
  const across = Math.max(side + GAP, lines > 0 ? widest * 5.6 + GAP : 0);
  const down = side + GAP + (lines > 0 ? lines * LINE + GAP : 0);
  const pictures = rows.flatMap(({ cells }, row) =>
    cells.map(({ picture, caption = [] }, column) => ({
      x: column * across + across / 2,
      y: row * down + side / 2,
      below: row * down + side + LINE,
      picture,
      caption: [...caption],
    })),
  );
  const labels = rows.flatMap(({ label }, row) =>
    label === undefined ? [] : [{ label, y: row * down + side / 2 }],
  );
  const place = (field: string) => ({ field, type: 'quantitative' as const, scale: null, axis: null });
  return {
    title: { text: title, subtitle },
    padding: PADDING,
    width: columns * across,
    height: rows.length * down,
    config: { ...THEME, view: { stroke: null } },
    layer: [
      {
        data: { values: pictures },
        mark: { type: 'image', width: side, height: side, smooth: false },
        encoding: { x: place('x'), y: place('y'), url: { field: 'picture', type: 'nominal' } },
      },
      {
        data: { values: pictures },
        mark: { type: 'text', fontSize: 9.5, lineHeight: LINE, color: '#333' },
        encoding: { x: place('x'), y: place('below'), text: { field: 'caption', type: 'nominal' } },
      },
      {
        data: { values: labels },
        mark: { type: 'text', align: 'right', baseline: 'middle', fontSize: 12, x: -8, color: '#222' },
        encoding: { y: place('y'), text: { field: 'label', type: 'nominal' } },
      },
    ],
  };
}
