import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * 1 / (1 + e^(-x)), element by element.
 *
 * dσ / dx = y (1 - y)
 */
export function sigmoid(x: Tensor): Tensor {
  return unary('sigmoid', codes.unary.SIGMOID, x, {
    saves: 'output',
    gradient: (g, y) => g.mul(y.sub(y.square())),
  });
}
