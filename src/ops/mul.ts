import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { binary } from './support/elementwise.ts';

/**
 * a · b, element by element, with broadcasting.
 *
 * ∂/∂a = b, ∂/∂b = a
 */
export function mul(a: Tensor, b: Tensor | number): Tensor {
  return binary('mul', codes.binary.MUL, a, b, (g, x, y) => [() => g.mul(y), () => g.mul(x)], true);
}
