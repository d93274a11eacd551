import type { Twin } from './twin.ts';

export const gatherImages: Twin<'gatherImages'> = (
  { images, rows, labels, out, batchLabels },
  { size, pixels, start, center, scale },
) => {
  const normalised = normalisedBytes(center, scale);
  for (let image = 0, element = 0; element < size; image++) {
    const row = rows[start + image]!;
    batchLabels[image] = labels[row]!;
    for (let pixel = 0; pixel < pixels; pixel++) {
      out[element++] = normalised[images[row * pixels + pixel]!]!;
    }
  }
};

/** (byte - center) · scale for every byte, rounded as in the kernels, so the bits are the same. */
export function normalisedBytes(center: number, scale: number): Float32Array {
  const [c, s] = [Math.fround(center), Math.fround(scale)];
  return Float32Array.from({ length: 256 }, (_, byte) => Math.fround(byte - c) * s);
}
