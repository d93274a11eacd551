import { codes } from '../backend/signatures.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * |x|, element by element. The gradient at 0 is 0, as in PyTorch.
 *
 * @example
 * tensor([1, -2]).abs(); // 1, 2
 */
export function abs(x: Tensor): Tensor {
  if (x.dtype === 'int32') return scope(() => x.maximum(x.neg()));
  return unary('abs', codes.unary.ABS, x, { saves: 'input', gradient: (g, saved) => g.mul(saved.sign()) });
}
