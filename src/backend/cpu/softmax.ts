import type { TypedArray } from '../dtypes.ts';
import type { Twin } from './twin.ts';

/** The maximum of `length` elements, NaN if one is NaN. */
export function maximum(x: TypedArray, start: number, length: number, stride: number): number {
  let greatest = x[start]!;
  for (let j = 1; j < length; j++) {
    const value = x[start + j * stride]!;
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
    const greatest = maximum(x, offset + start, length, inner);
    let total = 0;
    for (let j = 0; j < length; j++) total += Math.exp(x[offset + start + j * inner]! - greatest);
    for (let j = 0; j < length; j++) {
      const shifted = x[offset + start + j * inner]! - greatest;
      out[start + j * inner] = LOGARITHM ? shifted - Math.log(total) : Math.exp(shifted) / total;
    }
  }
};
