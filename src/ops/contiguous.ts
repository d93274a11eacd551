import { empty } from '../tensor/create.ts';
import { record } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { copyInto } from '../tensor/dense.ts';
import { viewOf } from './support/layout.ts';

/** The tensor with its elements row-major without gaps: a view where they are, else a copy. */
export function contiguous(x: Tensor): Tensor {
  return x.isContiguous() ? viewOf('contiguous', x, x, (gradient) => gradient) : clone(x);
}

/** A contiguous copy with memory of its own. */
export function clone(x: Tensor): Tensor {
  const out = empty(x.shape, { dtype: x.dtype, device: x.device });
  copyInto(x, out);
  return record('clone', out, [x], [], (gradient) => [() => gradient]);
}
