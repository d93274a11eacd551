import { ShapeError } from '../tensor/errors.ts';
import { broadcastStrides, formatShape, type Shape } from '../tensor/shape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { viewOf } from './support/layout.ts';

/**
 * A view stretched to `shape`: dims of size 1, and new ones in front, repeat without a copy.
 *
 * @param shape sizes; -1 leaves a dim as it is
 * @throws ShapeError when a dim that is not 1 would change
 */
export function expand(x: Tensor, shape: Shape): Tensor {
  const lead = shape.length - x.ndim;
  const target = shape.map((length, axis) =>
    length === -1 && axis >= lead ? x.shape[axis - lead]! : length,
  );
  const fits = target.every(
    (length, axis) => axis < lead || x.shape[axis - lead] === 1 || x.shape[axis - lead] === length,
  );
  if (lead < 0 || !fits || target.includes(-1)) {
    throw new ShapeError('expand', 'the shape does not stretch', {
      takes: `a shape that ends like ${formatShape(x.shape)}, where a 1 may become any size`,
      got: `${describe(x)} to ${formatShape(shape)}`,
    });
  }
  const { shape: before } = x;
  const layout = { shape: target, strides: broadcastStrides(x.shape, x.strides, target), offset: x.offset };
  return viewOf('expand', x, layout, (gradient) => gradient.sumToSize(before));
}
