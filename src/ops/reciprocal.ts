import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * 1 / x, element by element.
 *
 * d (1/x) / dx = -y²
 */
export function reciprocal(x: Tensor): Tensor {
  return unary('reciprocal', codes.unary.RECIPROCAL, x, {
    saves: 'output',
    gradient: (g, y) => g.mul(y.square()).neg(),
  });
}
