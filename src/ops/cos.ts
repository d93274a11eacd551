import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * cos x for x in radians, element by element.
 *
 * d cos x / dx = -sin x
 */
export function cos(x: Tensor): Tensor {
  return unary('cos', codes.unary.COS, x, {
    saves: 'input',
    gradient: (g, saved) => g.mul(saved.sin()).neg(),
  });
}
