import { empty } from '../tensor/create.ts';
import { checkAlike } from '../tensor/checks.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { scope } from '../tensor/scope.ts';
import { axisOf, sameShape } from '../tensor/shape.ts';
import { withGradient } from '../tensor/tape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { copyInto } from '../tensor/dense.ts';
import type { Range } from './slice.ts';

/**
 * Joins tensors along a dim. Their other sizes must be equal.
 *
 * @throws ShapeError if they are not
 * @example
 * cat([tensor([1, 2]), tensor([3])]); // 1, 2, 3
 */
export function cat(tensors: readonly Tensor[], dim: number = 0): Tensor {
  const [first] = tensors;
  if (!first)
    throw new ArgumentError('cat', 'no tensors', { takes: 'at least one tensor', got: 'an empty list' });
  checkAlike('cat', ...tensors);
  const axis = axisOf('cat', dim, first.ndim);
  const others = (tensor: Tensor): number[] => tensor.shape.filter((_, each) => each !== axis);
  const misfit = tensors.find(
    (tensor) => tensor.ndim !== first.ndim || !sameShape(others(tensor), others(first)),
  );
  if (misfit || first.ndim === 0) {
    throw new ShapeError('cat', 'shapes differ', {
      takes: `tensors of at least one dim that differ only along dim ${dim}`,
      got: `${describe(first)} and ${describe(misfit ?? first)}`,
    });
  }
  const starts = tensors.map((_, index) => total(tensors.slice(0, index), axis));
  const shape = first.shape.map((length, each) => (each === axis ? total(tensors, axis) : length));
  const out = empty(shape, { dtype: first.dtype, device: first.device });
  tensors.forEach((tensor, index) => {
    copyInto(tensor, out, {
      shape: tensor.shape,
      strides: out.strides,
      offset: starts[index]! * out.strides[axis]!,
    });
  });
  const ranges = tensors.map((tensor, index): Range => [
    starts[index]!,
    starts[index]! + tensor.shape[axis]!,
  ]);
  const whole = new Array<Range>(axis).fill(null);
  return withGradient('cat', out, tensors, [], (gradient) =>
    ranges.map((range) => () => gradient.slice(...whole, range)),
  );
}

function total(tensors: readonly Tensor[], axis: number): number {
  return tensors.reduce((length, tensor) => length + tensor.shape[axis]!, 0);
}

/**
 * Joins tensors of one shape along a new dim.
 *
 * @example
 * stack([tensor([1, 2]), tensor([3, 4])]); // [2, 2]
 */
export function stack(tensors: readonly Tensor[], dim: number = 0): Tensor {
  const [first] = tensors;
  const misfit = tensors.find((tensor) => !sameShape(tensor.shape, first!.shape));
  if (misfit) {
    throw new ShapeError('stack', 'shapes differ', {
      takes: 'tensors of one shape',
      got: `${describe(first!)} and ${describe(misfit)}`,
    });
  }
  return scope(() =>
    cat(
      tensors.map((tensor) => tensor.unsqueeze(dim)),
      dim,
    ),
  );
}
