import { ShapeError } from '../tensor/errors.ts';
import { scope } from '../tensor/scope.ts';
import { axisOf } from '../tensor/shape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';

/**
 * Rows of x (or whatever lies along `dim`) in the order that a vector of indices names.
 *
 * @param index int32[n], entries from 0 to x.shape[dim] - 1
 * @example
 * images.indexSelect(0, tensor([3, 1], { dtype: 'int32' })); // images 3 and 1
 */
export function indexSelect(x: Tensor, dim: number, index: Tensor): Tensor {
  const axis = axisOf('indexSelect', dim, x.ndim);
  if (index.ndim !== 1) {
    throw new ShapeError('indexSelect', 'the index is no vector', {
      takes: 'index int32[n]',
      got: describe(index),
    });
  }
  if (x.ndim === 0) return scope(() => x.reshape([1]).gather(0, index).reshape([]));
  const column = x.shape.map((_, each) => (each === axis ? index.numel() : 1));
  const shape = x.shape.map((length, each) => (each === axis ? index.numel() : length));
  return scope(() => x.gather(axis, index.reshape(column).expand(shape)));
}
