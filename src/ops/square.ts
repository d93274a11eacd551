import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * x², element by element.
 *
 * d x² / dx = 2 x
 */
export function square(x: Tensor): Tensor {
  if (x.dtype === 'int32') return x.mul(x);
  return unary('square', codes.unary.SQUARE, x, {
    saves: 'input',
    gradient: (g, saved) => g.mul(saved).mul(2),
  });
}
