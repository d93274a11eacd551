import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';

/**
 * log(1 + e^(βx)) / β, element by element: a smooth relu. Where βx exceeds the threshold it is x itself.
 *
 *     dy / dx = σ(βx), and 1 beyond the threshold
 *
 * @param options.beta defaults to 1
 * @param options.threshold defaults to 20
 */
export function softplus(x: Tensor, options: { beta?: number; threshold?: number } = {}): Tensor {
  const { beta = 1, threshold = 20 } = options;
  return unary('softplus', codes.unary.SOFTPLUS, x, {
    saves: 'input',
    alpha: beta,
    beta: threshold,
    gradient: (g, saved) => {
      const scaled = saved.mul(beta);
      return g.where(scaled.gt(threshold), g.mul(scaled.sigmoid()));
    },
  });
}
