/** How a model was trained to see pixels, which are in [0, 1] there. */
export interface Normalisation {
  readonly mean: number;
  readonly std: number;
}

/**
 * Writes pixels as the model takes them, in the float32 arithmetic of the kernel `gatherImages`, which the training
 * uses, so that an image of the data set gives the same bits here and there:
 *
 *     out[start + i] = (pixels[i] - 255 · mean) · (1 / (255 · std))
 *
 * @param pixels from 0 to 255
 */
export function normalise(
  pixels: ArrayLike<number>,
  { mean, std }: Normalisation,
  out: Float32Array,
  start: number,
): void {
  const center = Math.fround(255 * mean);
  const scale = Math.fround(1 / (255 * std));
  for (let i = 0; i < pixels.length; i++) {
    out[start + i] = Math.fround(Math.fround(pixels[i]!) - center) * scale;
  }
}
