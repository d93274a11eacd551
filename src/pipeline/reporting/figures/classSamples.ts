import type { TopLevelSpec } from 'vega-lite';
import type { DataDescription } from '../../data/description.ts';
import { greyPicture } from './pictures.ts';
import { pictureGrid } from './pictureGrid.ts';

export interface ImageBytes {
  /** uint8 [N, height, width]. */
  readonly images: Uint8Array;
  /** uint8 [N]. */
  readonly labels: Uint8Array;
}

const PER_CLASS = 12;

/** The first images of each class, a row a class. */
export function classSamples(
  { images, labels }: ImageBytes,
  { classes, height, width }: Pick<DataDescription, 'classes' | 'height' | 'width'>,
): TopLevelSpec {
  const pixels = height * width;
  const rows = classes.map((label, kind) => {
    const members = [...labels.keys()].filter((row) => labels[row] === kind).slice(0, PER_CLASS);
    const cells = members.map((row) => ({
      picture: greyPicture(images.subarray(row * pixels, (row + 1) * pixels), width),
    }));
    return { label, cells };
  });
  return pictureGrid({
    title: 'Samples of each class',
    subtitle: `the first ${PER_CLASS} training images of each, ${height} × ${width} pixels, grey`,
    rows,
    side: 42,
  });
}
