/** Grey values and opacity, row by row, from 0 to 255. */
export interface GreyPicture {
  readonly width: number;
  readonly height: number;
  readonly grey: Uint8Array;
  /** Left out if the picture has no opacity. */
  readonly alpha?: Uint8Array;
}

/**
 * Grey and opacity from interleaved red, green, blue and perhaps opacity, 8 bits each.
 *
 * The grey of a colour is the luma of Rec. 601, as in PIL's `convert('L')`, and so in PyTorch's `transforms.Grayscale`:
 *
 *     L = (19595 R + 38470 G + 7471 B + 2^15) >> 16     ≈ 0.299 R + 0.587 G + 0.114 B
 */
export function greyPicture(
  data: ArrayLike<number>,
  width: number,
  height: number,
  channels: number,
): GreyPicture {
  const grey = new Uint8Array(width * height);
  for (let i = 0, at = 0; i < grey.length; i++, at += channels) {
    grey[i] = (19_595 * data[at]! + 38_470 * data[at + 1]! + 7_471 * data[at + 2]! + 2 ** 15) >> 16;
  }
  if (channels === 3) return { width, height, grey };
  return { width, height, grey, alpha: grey.map((_, i) => data[4 * i + 3]!) };
}
