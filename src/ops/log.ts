import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * The natural logarithm, element by element; -Inf at 0, NaN below.
 *
 * d ln x / dx = 1 / x
 */
export function log(x: Tensor): Tensor {
  return unary('log', codes.unary.LOG, x, { saves: 'input', gradient: (g, saved) => g.div(saved) });
}
