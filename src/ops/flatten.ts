import { ShapeError } from '../tensor/errors.ts';
import { axisOf, sizeOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Dims startDim to endDim, both included, made one; all by default. */
export function flatten(x: Tensor, startDim: number = 0, endDim: number = -1): Tensor {
  if (x.ndim === 0) return x.reshape([1]);
  const first = axisOf('flatten', startDim, x.ndim);
  const last = axisOf('flatten', endDim, x.ndim);
  if (first > last) {
    throw new ShapeError('flatten', 'startDim comes after endDim', {
      takes: 'startDim ≤ endDim',
      got: `startDim ${startDim}, endDim ${endDim}`,
    });
  }
  const middle = sizeOf(x.shape.slice(first, last + 1));
  return x.reshape([...x.shape.slice(0, first), middle, ...x.shape.slice(last + 1)]);
}
