import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { comparison } from './support/elementwise.ts';

/** a = b, element by element, with broadcasting, as a bool tensor; false where either is NaN. It has no gradient. */
export function eq(a: Tensor, b: Tensor | number): Tensor {
  return comparison('eq', codes.compare.EQ, a, b);
}
