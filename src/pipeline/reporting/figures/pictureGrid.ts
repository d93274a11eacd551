import type { TopLevelSpec } from 'vega-lite';
import { figure, nominal, quantitative, THEME } from './theme.ts';

/** A picture of a grid, and the lines below it. */
export interface Cell {
  readonly picture: string;
  readonly caption?: readonly string[];
}

export interface PictureGrid {
  readonly title: string;
  readonly subtitle: string | string[];
  /** Row by row, each with its label to the left. */
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
  const place = (field: string) => quantitative(field, { scale: null, axis: null });
  return figure(
    title,
    subtitle,
    {
      width: columns * across,
      height: rows.length * down,
      layer: [
        {
          data: { values: pictures },
          mark: { type: 'image', width: side, height: side, smooth: false },
          encoding: { x: place('x'), y: place('y'), url: nominal('picture', {}) },
        },
        {
          data: { values: pictures },
          mark: { type: 'text', fontSize: 9.5, lineHeight: LINE, color: '#333' },
          encoding: { x: place('x'), y: place('below'), text: nominal('caption', {}) },
        },
        {
          data: { values: labels },
          mark: { type: 'text', align: 'right', baseline: 'middle', fontSize: 12, x: -8, color: '#222' },
          encoding: { y: place('y'), text: nominal('label', {}) },
        },
      ],
    },
    { ...THEME, view: { stroke: null } },
  );
}
