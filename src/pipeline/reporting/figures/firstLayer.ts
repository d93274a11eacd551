import type { TopLevelSpec } from 'vega-lite';
import { pictureGrid } from './pictureGrid.ts';
import { signedPicture } from './pictures.ts';

const MOST = 64;
const COLUMNS = 16;

/**
 * The weights of the first layer as pictures: a convolution's filters, or what each unit of a dense layer looks for.
 *
 * @param weight float [outputs, …, height, width], flat
 * @param outputs how many there are
 * @param width of one picture
 */
export function firstLayer(weight: ArrayLike<number>, outputs: number, width: number): TopLevelSpec {
  const size = weight.length / outputs;
  const shown = Math.min(outputs, MOST);
  const cells = Array.from({ length: shown }, (_, output) => ({
    picture: signedPicture(
      Array.from({ length: size }, (_, at) => weight[output * size + at]!),
      width,
    ),
  }));
  const rows = Array.from({ length: Math.ceil(shown / COLUMNS) }, (_, row) => ({
    cells: cells.slice(row * COLUMNS, (row + 1) * COLUMNS),
  }));
  return pictureGrid({
    title: 'Weights of the first layer',
    subtitle: [
      `${shown} of ${outputs} outputs, ${size / width} × ${width} each`,
      'red: positive, blue: negative, white: 0; full colour at the greatest magnitude of each',
    ],
    rows,
    side: 42,
  });
}
