import type { TopLevelSpec } from 'vega-lite';
import { greyPicture } from './pictures.ts';
import { pictureGrid } from './pictureGrid.ts';

export interface ImageBytes {
  /** uint8 [N, size, size]. */
  readonly images: Uint8Array;
  /** uint8 [N]. */
  readonly labels: Uint8Array;
}

const PER_CLASS = 12;

/** The first images of each class, a row a class. */
export function classSamples(
  { images, labels }: ImageBytes,
  classes: readonly string[],
  size: number,
): TopLevelSpec {
  const pixels = size * size;
  const rows = classes.map((label, kind) => {
    const members = [...labels.keys()].filter((row) => labels[row] === kind).slice(0, PER_CLASS);
    const cells = members.map((row) => ({
      picture: greyPicture(images.subarray(row * pixels, (row + 1) * pixels), size),
    }));
    return { label, cells };
  });
  return pictureGrid({
    title: 'Samples of each class',
    subtitle: `the first ${PER_CLASS} training images of each, ${size} × ${size} pixels, grey`,
    rows,
    side: 42,
  });
}
