import type { TypedArray } from '../dtypes.ts';
import type { Twin } from './twin.ts';

/** The maximum of `length` elements, NaN if one is NaN. */
export function maximum(x: TypedArray, start: number, length: number, stride: number): number {
  let greatest = x[start]!;
  for (let j = 1, at = start + stride; j < length; j++, at += stride) {
    const value = x[at]!;
    if (value > greatest || Number.isNaN(value)) greatest = value;
    if (Number.isNaN(greatest)) return greatest;
  }
  return greatest;
}

export const softmax: Twin<'softmax'> = (
  { x, out },
  { rows, length, inner, offset },
  { LOGARITHM = false },
) => {
  for (let row = 0; row < rows; row++) {
    const start = Math.floor(row / inner) * length * inner + (row % inner);
    const end = start + length * inner;
    const greatest = maximum(x, offset + start, length, inner);
    let total = 0;
    for (let at = start; at < end; at += inner) total += Math.exp(x[offset + at]! - greatest);
    const logarithm = Math.log(total);
    for (let at = start; at < end; at += inner) {
      const shifted = x[offset + at]! - greatest;
      out[at] = LOGARITHM ? shifted - logarithm : Math.exp(shifted) / total;
    }
  }
};
