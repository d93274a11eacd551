import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkDtype } from './support/launch.ts';
import { type Dims, reductionAxes } from './support/reduction.ts';

/** Options of `var` and `std`. */
export interface VarianceOptions {
  /** n - correction is divided by; 1 (Bessel's) by default. */
  correction?: number;
  keepdim?: boolean;
}

/**
 * The variance over the given dims, over all when left out.
 *
 *     Σ (x - mean)² / (n - correction)
 *
 * @example
 * tensor([1, 2, 3, 4]).var(undefined, { correction: 0 }); // 1.25
 */
export function variance(x: Tensor, dim?: Dims, options: VarianceOptions = {}): Tensor {
  const { correction = 1, keepdim = false } = options;
  checkDtype('var', x, 'float32', 'float64');
  const count = reductionAxes('var', x, dim).reduce((size, axis) => size * x.shape[axis]!, 1);
  return scope(() => {
    const squares = x.sub(x.mean(dim, true)).square();
    return squares.sum(dim, keepdim).div(Math.max(0, count - correction));
  });
}
