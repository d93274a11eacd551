import { type Levels, PIXELS, SIZE } from './image.ts';
import { exp } from './mathematics.ts';

/** float64[28, 28]: each row says how one row (or column) of the result is mixed from those of the image. */
export type Mixing = Float64Array;

/** M · X · Mᵀ: the same mixing of the rows and of the columns. */
export function mixBoth(mixing: Mixing, image: ArrayLike<number>): Float64Array {
  const rows = new Float64Array(PIXELS);
  const out = new Float64Array(PIXELS);
  for (let y = 0; y < SIZE; y++) {
    for (let from = 0; from < SIZE; from++) {
      const weight = mixing[y * SIZE + from]!;
      if (weight === 0) continue;
      for (let x = 0; x < SIZE; x++) rows[y * SIZE + x]! += weight * image[from * SIZE + x]!;
    }
  }
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      let sum = 0;
      for (let from = 0; from < SIZE; from++) sum += mixing[x * SIZE + from]! * rows[y * SIZE + from]!;
      out[y * SIZE + x] = sum;
    }
  }
  return out;
}

/** Gaussian blur, cut off at 4 σ; beyond the border the outermost pixels go on. */
export function gaussianMixing(sigma: number): Mixing {
  const radius = Math.floor(4 * sigma + 0.5);
  const weights = Array.from({ length: 2 * radius + 1 }, (_, at) =>
    exp(-((at - radius) * (at - radius)) / (2 * sigma * sigma)),
  );
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
