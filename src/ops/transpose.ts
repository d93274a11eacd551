import { ShapeError } from '../tensor/errors.ts';
import { axisOf } from '../tensor/shape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';

/** A view with two dims exchanged. */
export function transpose(x: Tensor, dim0: number, dim1: number): Tensor {
  const first = axisOf('transpose', dim0, x.ndim);
  const second = axisOf('transpose', dim1, x.ndim);
  const swapped = x.shape.map((_, axis) => (axis === first ? second : axis === second ? first : axis));
  return x.permute(swapped);
}

/** The transpose of a matrix, as a view; vectors and scalars stay. */
export function t(x: Tensor): Tensor {
  if (x.ndim > 2) {
    throw new ShapeError('t', 'not a matrix', {
      takes: 'up to two dims; use transpose or permute',
      got: describe(x),
    });
  }
  return x.ndim === 2 ? x.transpose(0, 1) : x.reshape(x.shape);
}
