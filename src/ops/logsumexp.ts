import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Dims, reductionAxes } from './support/reduction.ts';
import { scalarLike } from './support/scalar.ts';
import { where } from './where.ts';

/**
 * log Σ exp(x) over the given dims, computed with the greatest element taken out first; -Inf over nothing.
 *
 *     log Σ exp(x) = m + log Σ exp(x - m),   ∂/∂x = softmax(x)
 *
 * @param dim one dim or several, negative ones from the end
 * @param keepdim leave reduced dims with size 1
 */
export function logsumexp(x: Tensor, dim?: Dims, keepdim: boolean = false): Tensor {
  const axes = reductionAxes('logsumexp', x, dim);
  if (axes.some((axis) => x.shape[axis] === 0)) return scope(() => x.exp().sum(dim, keepdim).log());
  return scope(() => {
    const greatest = x.detach().amax(dim, true);
    // Where the greatest is infinite, subtracting it would give NaN; exp is safe without.
    const shift = where(greatest.abs().eq(Infinity), scalarLike(0, greatest), greatest);
    const total = x.sub(shift).exp().sum(dim, true).log().add(shift);
    return keepdim ? total : total.reshape(x.shape.filter((_, axis) => !axes.includes(axis)));
  });
}
