import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { binary } from './support/elementwise.ts';

/**
 * a + b, element by element, with broadcasting.
 *
 * @throws ShapeError when the shapes do not broadcast
 * @example
 * tensor([1, 2]).add(1); // 2, 3
 */
export function add(a: Tensor, b: Tensor | number): Tensor {
  return binary('add', codes.binary.ADD, a, b, (g) => [() => g, () => g], false);
}
