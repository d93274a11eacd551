import { ShapeError } from '../tensor/errors.ts';
import { axisOf, formatShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { viewOf } from './support/layout.ts';

/**
 * A view with its dims in another order: dim i of the result is dim dims[i] of x.
 *
 * @throws ShapeError when `dims` is no permutation of x's dims
 */
export function permute(x: Tensor, dims: readonly number[]): Tensor {
  const axes = dims.map((dim) => axisOf('permute', dim, x.ndim));
  if (axes.length !== x.ndim || new Set(axes).size !== x.ndim) {
    throw new ShapeError('permute', 'not a permutation', {
      takes: `each of ${x.ndim} dims once`,
      got: formatShape(dims),
    });
  }
  const inverse = axes.map((_, axis) => axes.indexOf(axis));
  const layout = {
    shape: axes.map((axis) => x.shape[axis]!),
    strides: axes.map((axis) => x.strides[axis]!),
    offset: x.offset,
  };
  return viewOf('permute', x, layout, (gradient) => gradient.permute(inverse));
}
