import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { binary } from './support/elementwise.ts';

/**
 * a − b, element by element, with broadcasting.
 */
export function sub(a: Tensor, b: Tensor | number): Tensor {
  return binary('sub', codes.binary.SUB, a, b, (g) => [() => g, () => g.neg()], false);
}
