import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkDtype } from './support/launch.ts';
import { type Dims, reductionAxes } from './support/reduction.ts';

/**
 * The arithmetic mean over the given dims, over all when left out; NaN over nothing.
 *
 *     ∂/∂x = 1 / n
 *
 * @param dim one dim or several, negative ones from the end
 * @param keepdim leave reduced dims with size 1
 */
export function mean(x: Tensor, dim?: Dims, keepdim: boolean = false): Tensor {
  checkDtype('mean', x, 'float32', 'float64');
  const count = reductionAxes('mean', x, dim).reduce((size, axis) => size * x.shape[axis]!, 1);
  return scope(() => x.sum(dim, keepdim).div(count));
}
