import { axesOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Dims } from './support/reduction.ts';

/** A view without the given dims of size 1, without all of them when none is given; other dims stay. */
export function squeeze(x: Tensor, dim?: Dims): Tensor {
  const axes = axesOf('squeeze', dim, x.ndim);
  return x.reshape(x.shape.filter((length, axis) => length !== 1 || !axes.includes(axis)));
}
