import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * −x, element by element.
 *
 * @example
 * tensor([1, -2]).neg(); // -1, 2
 */
export function neg(x: Tensor): Tensor {
  if (x.dtype === 'int32') return x.mul(-1);
  return unary('neg', codes.unary.NEG, x, { saves: 'nothing', gradient: (g) => g.neg() });
}
