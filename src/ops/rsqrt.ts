import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * 1 / √x, element by element.
 *
 * d x^(-1/2) / dx = -1/2 · y³
 */
export function rsqrt(x: Tensor): Tensor {
  return unary('rsqrt', codes.unary.RSQRT, x, {
    saves: 'output',
    gradient: (g, y) => g.mul(y.pow(3)).mul(-0.5),
  });
}
