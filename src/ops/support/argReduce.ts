import { codes } from '../../backend/signatures.ts';
import { empty } from '../../tensor/create.ts';
import { ShapeError } from '../../tensor/errors.ts';
import { scope } from '../../tensor/scope.ts';
import { axisOf, sizeOf } from '../../tensor/shape.ts';
import { withoutGradient } from '../../tensor/tape.ts';
import { describe, type Tensor } from '../../tensor/tensor.ts';
import { checkDtype, elementOf } from './launch.ts';
import { dense, freeCopy } from '../../tensor/dense.ts';
import { reducedShape } from './reduction.ts';

/** The positions of the extreme elements along one axis, or over all axes if `dim` is undefined. */
export function argReduce(
  name: string,
  operation: 'MAX' | 'MIN',
  x: Tensor,
  dim: number | undefined,
  keepdim: boolean,
): Tensor {
  checkDtype(name, x, 'float32', 'float64', 'int32');
  if (dim === undefined || x.ndim === 0) {
    if (dim !== undefined) axisOf(name, dim, x.ndim);
    return scope(() => {
      const flat = argReduce(name, operation, x.detach().reshape([x.numel()]), 0, false);
      return keepdim ? flat.reshape(x.shape.map(() => 1)) : flat;
    });
  }
  const axis = axisOf(name, dim, x.ndim);
  const shape = reducedShape(x.shape, [axis], keepdim);
  if (x.shape[axis] === 0) {
    throw new ShapeError(name, 'no elements', {
      takes: 'at least one element along dim',
      got: describe(x),
    });
  }
  const out = empty(shape, { dtype: 'int32', device: x.device });
  if (out.numel() === 0) return out;
  const source = dense(x);
  x.device.run(
    'argreduce',
    { x: source.storage.buffer, out: out.storage.buffer },
    {
      outputs: out.numel(),
      length: x.shape[axis]!,
      inner: sizeOf(x.shape.slice(axis + 1)),
      offset: source.offset,
    },
    { OPERATION: codes.argreduce[operation], ...elementOf(x.dtype) },
  );
  freeCopy(source, x);
  return withoutGradient(name, out, [x], axis);
}
