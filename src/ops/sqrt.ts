import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * √x, element by element; NaN below 0.
 *
 * d √x / dx = 1 / (2 √x)
 */
export function sqrt(x: Tensor): Tensor {
  return unary('sqrt', codes.unary.SQRT, x, { saves: 'output', gradient: (g, y) => g.div(y.mul(2)) });
}
