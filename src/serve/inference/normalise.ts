/** The normalisation of the training, for pixels in [0, 1]. */
export interface Normalisation {
  readonly mean: number;
  readonly std: number;
}

/**
 * Normalises pixels for the model. It uses the float32 arithmetic of the kernel `gatherImages`, as the training does,
 * so an image of the data set gives the same bits in both:
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
