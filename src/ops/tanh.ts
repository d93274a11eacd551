import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * The hyperbolic tangent, element by element.
 *
 * d tanh x / dx = 1 - y²
 */
export function tanh(x: Tensor): Tensor {
  return unary('tanh', codes.unary.TANH, x, {
    saves: 'output',
    gradient: (g, y) => g.sub(g.mul(y.square())),
  });
}
