import type { Tensor } from '../../tensor/tensor.ts';
import { restoreAxes } from './reduction.ts';

/** The gradient of a maximum or minimum over axes: equal shares for the elements that reach it. */
export function extremeGradient(
  gradient: Tensor,
  x: Tensor,
  extreme: Tensor,
  axes: readonly number[],
): Tensor {
  const winners = x.eq(restoreAxes(extreme, x.shape, axes)).to(gradient.dtype);
  const shares = winners.div(winners.sum(axes, true));
  return restoreAxes(gradient, x.shape, axes).mul(axes.length === 0 ? winners : shares);
}
