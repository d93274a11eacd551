import { axesOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { viewOf } from './support/layout.ts';

/** A view with the order of elements reversed along the given dims. */
export function flip(x: Tensor, dims: number | readonly number[]): Tensor {
  const axes = typeof dims !== 'number' && dims.length === 0 ? [] : axesOf('flip', dims, x.ndim);
  const reversed = axes.filter((axis) => x.shape[axis]! > 0);
  const layout = {
    shape: x.shape,
    strides: x.strides.map((stride, axis) => (axes.includes(axis) ? -stride : stride)),
    offset: reversed.reduce((offset, axis) => offset + (x.shape[axis]! - 1) * x.strides[axis]!, x.offset),
  };
  return viewOf('flip', x, layout, (gradient) => gradient.flip(dims));
}
