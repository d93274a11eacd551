import type { InputStatistics } from './modelRecord.ts';

/**
 * The brightness of images: mean and standard deviation of all pixels, and the deciles of the images' means.
 *
 * @param pixels uint8[count · size]
 * @param size pixels of an image
 */
export function inputStatistics(pixels: Uint8Array, size: number): InputStatistics {
  const count = Math.floor(pixels.length / size);
  const means = new Float64Array(count);
  let sum = 0;
  let squares = 0;
  for (let image = 0; image < count; image++) {
    let imageSum = 0;
    for (let at = image * size; at < (image + 1) * size; at++) {
      const value = pixels[at]!;
      imageSum += value;
      squares += value * value;
    }
    means[image] = imageSum / size / 255;
    sum += imageSum;
  }
  const mean = sum / (count * size);
  const std = Math.sqrt(Math.max(0, squares / (count * size) - mean * mean));
  means.sort();
  const deciles = Array.from({ length: 9 }, (_, tenth) =>
    round(means[Math.floor(((tenth + 1) / 10) * count)]!),
  );
  return { images: count, mean: round(mean / 255), std: round(std / 255), deciles };
}

function round(value: number): number {
  return Number(value.toFixed(6));
}
