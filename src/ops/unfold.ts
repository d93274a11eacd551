import { signature } from '../tensor/arguments.ts';
import { arange } from '../tensor/create.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { INTEGER, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { axisOf } from '../tensor/shape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { viewOf } from './support/layout.ts';

const takes = signature('unfold', { x: TENSOR, dim: INTEGER, size: INTEGER, step: INTEGER });

/**
 * The windows of `size` elements along a dim, one every `step` elements, as a view. The dim counts the windows, and a new last dim
 * the elements of each.
 *
 * @throws ArgumentError unless the step is at least 1 and a window fits
 * @example
 * tensor([1, 2, 3, 4]).unfold(0, 2, 1); // [[1, 2], [2, 3], [3, 4]]
 */
export function unfold(x: Tensor, dim: number, size: number, step: number): Tensor {
  takes(arguments);
  const axis = axisOf('unfold', dim, x.ndim);
  const length = x.shape[axis] ?? 1;
  if (size < 0 || size > length || step < 1) {
    throw new ArgumentError('unfold', 'no such windows', {
      takes: `a size from 0 to ${length} for dim ${dim} of ${describe(x)}, and a step of at least 1`,
      got: `size ${size}, step ${step}`,
    });
  }
  const count = Math.floor((length - size) / step) + 1;
  const { shape, strides, offset } = x;
  if (x.ndim === 0) return scope(() => x.reshape([1]).slice([0, size]));
  const layout = {
    shape: [...shape.with(axis, count), size],
    strides: [...strides.with(axis, strides[axis]! * step), strides[axis]!],
    offset,
  };
  return viewOf('unfold', x, layout, (gradient) => {
    // Windows that overlap share elements.
    const options = { dtype: 'int32', device: gradient.device } as const;
    const places = arange(0, count * step, step, options)
      .unsqueeze(1)
      .add(arange(size, options));
    const order = shape.map((_, each) => each);
    const windows = gradient.permute(order.toSpliced(axis + 1, 0, shape.length));
    const flat = windows.reshape(shape.with(axis, count * size));
    const column = shape.map((_, each) => (each === axis ? count * size : 1));
    return flat.scatterAdd(axis, places.reshape(column).expand(flat.shape), length);
  });
}
