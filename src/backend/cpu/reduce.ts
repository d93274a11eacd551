import type { TypedArray } from '../dtypes.ts';
import { codes } from '../signatures.ts';
import type { Twin } from './twin.ts';

/** Folds `count` elements of x from `at` in steps of `step` into a total. Each fold has a loop of its own: see PairLoop. */
type Fold = (total: number, x: TypedArray, at: number, step: number, count: number) => number;

const c = codes.reduce;
const folds: { readonly [code: number]: Fold } = {
  [c.SUM]: (total, x, at, step, count) => {
    for (let i = 0; i < count; i++, at += step) total += x[at]!;
    return total;
  },
  [c.MAX]: (total, x, at, step, count) => {
    for (let i = 0; i < count; i++, at += step) {
      const value = x[at]!;
      if (!(total > value) && !Number.isNaN(total)) total = value;
    }
    return total;
  },
  [c.MIN]: (total, x, at, step, count) => {
    for (let i = 0; i < count; i++, at += step) {
      const value = x[at]!;
      if (!(total < value) && !Number.isNaN(total)) total = value;
    }
    return total;
  },
  [c.PROD]: (total, x, at, step, count) => {
    if (x instanceof Int32Array) {
      for (let i = 0; i < count; i++, at += step) total = Math.imul(total, x[at]!);
      return total;
    }
    // Four products at once: each multiplication waits for the one before.
    let [second, third, fourth] = [1, 1, 1];
    let i = 0;
    for (; i + 3 < count; i += 4, at += 4 * step) {
      total *= x[at]!;
      second *= x[at + step]!;
      third *= x[at + 2 * step]!;
      fourth *= x[at + 3 * step]!;
    }
    for (; i < count; i++, at += step) total *= x[at]!;
    return total * second * (third * fourth);
  },
};

const START: { readonly [code: number]: number } = {
  [c.SUM]: 0,
  [c.MAX]: -Infinity,
  [c.MIN]: Infinity,
  [c.PROD]: 1,
};

export const reduce: Twin<'reduce'> = ({ x, out }, params, { OPERATION = c.SUM }) => {
  const { outputs, length, chunk, offset, outOffset, keptSize, reducedSize, keptStrides, reducedStrides } =
    params;
  const fold = folds[OPERATION]!;
  for (let first = 0, index = outOffset; first < length; first += chunk) {
    const last = Math.min(first + chunk, length);
    for (let output = 0; output < outputs; output++) {
      const start =
        offset + Math.floor(output / keptSize) * keptStrides[0] + (output % keptSize) * keptStrides[1];
      // A maximum or minimum has elements: it starts from what any of them replaces.
      let total = START[OPERATION]!;
      // Runs along the inner of the two reduced axes.
      for (let position = first; position < last;) {
        const inner = position % reducedSize;
        const count = Math.min(reducedSize - inner, last - position);
        const at = start + ((position - inner) / reducedSize) * reducedStrides[0] + inner * reducedStrides[1];
        total = fold(total, x, at, reducedStrides[1], count);
        position += count;
      }
      out[index++] = total;
    }
  }
};
