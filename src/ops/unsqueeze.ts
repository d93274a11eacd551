import { axisOf } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A view with a new dim of size 1 at `dim`; -1 puts it last. */
export function unsqueeze(x: Tensor, dim: number): Tensor {
  const axis = axisOf('unsqueeze', dim, x.ndim + 1);
  return x.reshape([...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)]);
}
