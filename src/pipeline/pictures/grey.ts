import { luma } from '../../data/luma.ts';

/** Grey values and opacity, row by row, from 0 to 255. */
export interface GreyPicture {
  readonly width: number;
  readonly height: number;
  readonly grey: Uint8Array;
  /** Left out if the picture has no opacity. */
  readonly alpha?: Uint8Array;
}

/** Grey and opacity from interleaved red, green, blue and perhaps opacity, 8 bits each; see `luma`. */
export function greyPicture(
  data: ArrayLike<number>,
  width: number,
  height: number,
  channels: number,
): GreyPicture {
  const grey = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < grey.length; i++, at += channels) {
    grey[i] = luma(data[at]!, data[at + 1]!, data[at + 2]!);
  }
  if (channels === 3) return { width, height, grey };
  return { width, height, grey, alpha: grey.map((_, i) => data[4 * i + 3]!) };
}
