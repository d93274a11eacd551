import { ShapeError } from '../tensor/errors.ts';
import { broadcastShapes, formatShape, sameShape, type Shape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { viewOf } from './support/layout.ts';

/**
 * The inverse of `expand`: sums over the dims along which `shape` would stretch to x's shape.
 *
 * @throws ShapeError when `shape` does not broadcast to x's shape
 */
export function sumToSize(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return viewOf('sumToSize', x, x, (gradient) => gradient);
  if (!sameShape(broadcastShapes('sumToSize', x.shape, shape), x.shape)) {
    throw new ShapeError('sumToSize', 'the shape does not broadcast to that of x', {
      takes: `a shape that broadcasts to ${formatShape(x.shape)}`,
      got: formatShape(shape),
    });
  }
  const lead = x.ndim - shape.length;
  const dims = x.shape.flatMap((length, axis) =>
    axis < lead || (shape[axis - lead] === 1 && length !== 1) ? [axis] : [],
  );
  return dims.length === 0 ? x.reshape(shape) : x.sum(dims).reshape(shape);
}
