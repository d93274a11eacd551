import type { Twin } from './twin.ts';

export const gatherImages: Twin<'gatherImages'> = (
  { images, rows, labels, out, batchLabels },
  { size, pixels, start, center, scale },
) => {
  const normalised = normalisedBytes(center, scale);
  for (let element = 0; element < size; element++) {
    const row = rows[start + Math.floor(element / pixels)]!;
    const pixel = element % pixels;
    out[element] = normalised[images[row * pixels + pixel]!]!;
    if (pixel === 0) batchLabels[Math.floor(element / pixels)] = labels[row]!;
  }
};

/** (byte - center) · scale for every byte, rounded where the kernels round: to the same bits. */
export function normalisedBytes(center: number, scale: number): Float32Array {
  const [c, s] = [Math.fround(center), Math.fround(scale)];
  return Float32Array.from({ length: 256 }, (_, byte) => Math.fround(byte - c) * s);
}
