import { codes } from '../backend/signatures.ts';
import { zerosLike } from '../tensor/create.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * The greatest whole number not above x, element by element. Its gradient is 0 everywhere.
 */
export function floor(x: Tensor): Tensor {
  return unary('floor', codes.unary.FLOOR, x, { saves: 'nothing', gradient: (g) => zerosLike(g) });
}
