import { codes } from '../backend/signatures.ts';
import { zerosLike } from '../tensor/create.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * -1, 0 or 1 by the sign of each element; 0 for NaN, as in PyTorch. Its gradient is 0 everywhere.
 */
export function sign(x: Tensor): Tensor {
  if (x.dtype === 'int32') return scope(() => x.maximum(-1).minimum(1));
  return unary('sign', codes.unary.SIGN, x, { saves: 'nothing', gradient: (g) => zerosLike(g) });
}
