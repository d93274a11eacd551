import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * sin x for x in radians, element by element.
 *
 * d sin x / dx = cos x
 */
export function sin(x: Tensor): Tensor {
  return unary('sin', codes.unary.SIN, x, { saves: 'input', gradient: (g, saved) => g.mul(saved.cos()) });
}
