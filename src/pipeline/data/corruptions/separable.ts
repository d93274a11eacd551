import { type Levels, PIXELS, SIZE } from './image.ts';
import { exp } from './mathematics.ts';

/** float64[28, 28]: the weights of the image's rows (or columns) in each row (or column) of the result. */
export type Mixing = Float64Array;

/** M · X · Mᵀ: the same mixing of the rows and of the columns. */
export function mixBoth(mixing: Mixing, image: ArrayLike<number>): Float64Array {
  return mixRows(mixing, mixRows(mixing, Float64Array.from(image)));
}

/** (M · X)ᵀ; twice, it does columns as well as rows. */
function mixRows(mixing: Mixing, image: Float64Array): Float64Array {
  const mixed = new Float64Array(SIZE);
  const out = new Float64Array(PIXELS);
  for (let y = 0; y < SIZE; y++) {
    mixed.fill(0);
    for (let from = 0; from < SIZE; from++) {
      const weight = mixing[y * SIZE + from]!;
      if (weight === 0) continue;
      const row = from * SIZE;
      for (let x = 0; x < SIZE; x++) mixed[x]! += weight * image[row + x]!;
    }
    for (let x = 0; x < SIZE; x++) out[x * SIZE + y] = mixed[x]!;
  }
  return out;
}

/** exp(-d² / 2σ²) for the whole numbers d from `from` to `to`. */
export function gaussianWeights(sigma: number, from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) =>
    exp(-((at + from) * (at + from)) / (2 * sigma * sigma)),
  );
}

/** Gaussian blur, cut off at 4 σ; beyond the border the outermost pixels continue. */
export function gaussianMixing(sigma: number): Mixing {
  const radius = Math.floor(4 * sigma + 0.5);
  const weights = gaussianWeights(sigma, -radius, radius);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mixing = new Float64Array(PIXELS);
  for (let row = 0; row < SIZE; row++) {
    weights.forEach((weight, at) => {
      const from = Math.min(SIZE - 1, Math.max(0, row + at - radius));
      mixing[row * SIZE + from]! += weight / total;
    });
  }
  return mixing;
}

/** A mixing for each severity. */
export function mixings<T>(levels: Levels<T>, make: (value: T) => Mixing): Levels<Mixing> {
  return levels.map(make) as unknown as Levels<Mixing>;
}
