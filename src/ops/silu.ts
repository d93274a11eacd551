import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * x · σ(x), element by element, also called swish.
 *
 * dy / dx = σ(x) + x σ(x) (1 - σ(x))
 *
 * Source: Elfwing, Uchibe, Doya: Sigmoid-weighted linear units (2017).
 */
export function silu(x: Tensor): Tensor {
  return unary('silu', codes.unary.SILU, x, {
    saves: 'input',
    gradient: (g, saved) => {
      const s = saved.sigmoid();
      return g.mul(s.add(saved.mul(s.sub(s.square()))));
    },
  });
}
