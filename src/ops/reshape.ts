import { type Shape } from '../tensor/shape.ts';
import { record } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { dense } from '../tensor/dense.ts';
import { inferShape, viewOf, viewStrides } from './support/layout.ts';

/**
 * The same elements, in row-major order, under another shape; a view where the strides allow it, else a copy.
 *
 * @param shape sizes, one of which may be -1: what is left
 * @throws ShapeError when the number of elements differs
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const target = inferShape('reshape', x, shape);
  const { shape: before } = x;
  const strides = viewStrides(x, target);
  if (strides) {
    const layout = { shape: target, strides, offset: x.offset };
    return viewOf('reshape', x, layout, (gradient) => gradient.reshape(before));
  }
  const copy = dense(x);
  const out = copy.view({ shape: target, strides: viewStrides(copy, target)!, offset: 0 });
  copy.dispose();
  return record('reshape', out, [x], [], (gradient) => [() => gradient.reshape(before)]);
}
