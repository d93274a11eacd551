import { type Maybe, signature } from '../tensor/arguments.ts';
import { empty } from '../tensor/create.ts';
import { checkAlike, checkDevice } from '../tensor/checks.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { INTEGER, TENSORS } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { axisOf, sameShape } from '../tensor/shape.ts';
import { withGradient } from '../tensor/tape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { copyInto } from '../tensor/dense.ts';
import type { Range } from './slice.ts';
import { raised, widest } from './support/promote.ts';

const catArguments = signature<{ dim?: number }>('cat', { tensors: TENSORS }, { dim: INTEGER });
const stackArguments = signature<{ dim?: number }>('stack', { tensors: TENSORS }, { dim: INTEGER });

/** The optional dim along which tensors are joined, 0 by default. */
export type JoinArguments = [dim?: Maybe<number>] | [options: { dim?: Maybe<number> }];

/**
 * Joins tensors along a dim. Their other sizes must be equal. The result has the widest of their dtypes, as in `add`. Empty
 * vectors, of shape [0], fit any others, so that a loop can start from one.
 *
 * @throws ShapeError if sizes differ
 * @example
 * cat([tensor([1, 2]), tensor([3])]); // 1, 2, 3
 */
export function cat(tensors: readonly Tensor[], ...along: JoinArguments): Tensor {
  const { dim = 0 } = catArguments([tensors, ...along]);
  if (tensors.length === 0) {
    throw new ArgumentError('cat', 'no tensors', { takes: 'at least one tensor', got: 'an empty list' });
  }
  checkDevice('cat', ...tensors);
  const dtype = widest(tensors.map((each) => each.dtype));
  if (tensors.some((each) => each.dtype !== dtype)) {
    return scope(() =>
      join(
        tensors.map((each) => raised(each, dtype)),
        dim,
      ),
    );
  }
  return join(tensors, dim);
}

/** Tensors of one dtype. */
function join(tensors: readonly Tensor[], dim: number): Tensor {
  checkAlike('cat', ...tensors);
  const isVoid = ({ shape }: Tensor): boolean => shape.length === 1 && shape[0] === 0;
  const first = tensors.find((each) => !isVoid(each)) ?? tensors[0]!;
  const axis = axisOf('cat', dim, first.ndim);
  const misfit = tensors.find(
    (each) =>
      !isVoid(each) &&
      (each.ndim !== first.ndim || each.shape.some((size, at) => at !== axis && size !== first.shape[at])),
  );
  if (misfit || first.ndim === 0) {
    throw new ShapeError('cat', 'shapes differ', {
      takes: `tensors of at least one dim that differ only along dim ${dim}`,
      got: `${describe(first)} and ${describe(misfit ?? first)}`,
    });
  }
  let length = 0;
  const ranges = tensors.map((each): Range => [length, (length += isVoid(each) ? 0 : each.shape[axis]!)]);
  const { dtype, device } = first;
  const out = empty(first.shape.with(axis, length), { dtype, device });
  tensors.forEach((each, index) => {
    const offset = ranges[index]![0]! * out.strides[axis]!;
    copyInto(each, out, { shape: each.shape, strides: out.strides, offset });
  });
  const whole = new Array<Range>(axis).fill(null);
  const voids = tensors.map(isVoid);
  return withGradient(
    'cat',
    out,
    tensors,
    [],
    (gradient) =>
      ranges.map((range, index) => () => {
        const part = gradient.slice(...whole, range);
        return voids[index] ? part.reshape([0]) : part;
      }),
    axis,
  );
}

/**
 * Joins tensors of one shape along a new dim.
 *
 * @example
 * stack([tensor([1, 2]), tensor([3, 4])]); // [2, 2]
 */
export function stack(tensors: readonly Tensor[], ...along: JoinArguments): Tensor {
  const { dim = 0 } = stackArguments([tensors, ...along]);
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
