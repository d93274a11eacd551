import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * eˣ, element by element.
 *
 * d eˣ / dx = eˣ
 */
export function exp(x: Tensor): Tensor {
  return unary('exp', codes.unary.EXP, x, { saves: 'output', gradient: (g, y) => g.mul(y) });
}
