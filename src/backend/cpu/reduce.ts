import { codes } from '../signatures.ts';
import type { Twin } from './twin.ts';

type Fold = (total: number, x: number) => number;

const c = codes.reduce;
const folds: { readonly [code: number]: Fold } = {
  [c.SUM]: (total, x) => total + x,
  [c.MAX]: (total, x) => (total > x || Number.isNaN(total) ? total : x),
  [c.MIN]: (total, x) => (total < x || Number.isNaN(total) ? total : x),
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
      const at = (position: number): number =>
        start +
        Math.floor(position / reducedSize) * reducedStrides[0] +
        (position % reducedSize) * reducedStrides[1];
      let total = OPERATION === c.SUM ? 0 : x[at(first)]!;
      for (let position = first; position < last; position++) total = fold(total, x[at(position)]!);
      out[index++] = total;
    }
  }
};
