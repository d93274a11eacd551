// Tensors cut into parts, and repeated parts.

import { listSignature, type Maybe, signature } from '../tensor/arguments.ts';
import { arange } from '../tensor/create.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { DIMS, either, INTEGER, oneOf, SIZES, TENSOR, TENSORS } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { axisOf } from '../tensor/shape.ts';
import { isRecorded } from '../tensor/tape.ts';
import { describe, type Layout, type Tensor } from '../tensor/tensor.ts';
import { cat } from './cat.ts';
import { type Cut, cutOut } from './slice.ts';
import { viewOf } from './support/layout.ts';
import { checkDtype } from './support/launch.ts';
import { placeInto } from './support/place.ts';
import type { Dims } from './support/reduction.ts';
import type { Numbers } from './views.ts';

type DimArguments = [dim?: Maybe<number>] | [options: { dim?: Maybe<number> }];

const splitArguments = signature<{ dim?: number }>(
  'split',
  { x: TENSOR, sizes: either(INTEGER, SIZES) },
  { dim: INTEGER },
);
const chunkArguments = signature<{ dim?: number }>('chunk', { x: TENSOR, chunks: INTEGER }, { dim: INTEGER });
const unbindArguments = signature<{ dim?: number }>('unbind', { x: TENSOR }, { dim: INTEGER });

/** A cut that keeps all along each axis. */
function uncut({ shape }: Tensor): Cut[] {
  return shape.map((count) => ({ start: 0, count, step: 1 }));
}

/** The part from `start` to `end` along an axis, as `slice` makes it. Many parts share `whole`, which is `uncut(x)`. */
function part(x: Tensor, axis: number, start: number, end: number, whole: readonly Cut[] = uncut(x)): Tensor {
  const { strides } = x;
  const count = end - start;
  const offset = x.offset + start * strides[axis]!;
  const layout = { shape: x.shape.with(axis, count), strides, offset };
  return cutOut(x, whole.with(axis, { start, count, step: 1 }), layout);
}

/**
 * Views of x, one behind the other along a dim.
 *
 * @param sizes the size of each part, or one for all: the last part may be smaller then
 * @param dim 0 by default
 * @throws ShapeError if the sizes do not add up to that of the dim
 * @example
 * const [query, key, value] = x.split(64, -1);
 */
export function split(x: Tensor, sizes: number | readonly number[], ...along: DimArguments): Tensor[] {
  const { dim = 0 } = splitArguments([x, sizes, ...along]);
  const axis = axisOf('split', dim, x.ndim);
  const length = x.shape[axis] ?? 0;
  const count = typeof sizes === 'number' && sizes > 0 ? Math.max(1, Math.ceil(length / sizes)) : 0;
  const all =
    typeof sizes === 'number'
      ? Array.from({ length: count }, (_, index) => Math.min(sizes, length - index * sizes))
      : sizes;
  const fits = x.ndim > 0 && all.length > 0 && all.every((size) => size >= 0);
  if (!fits || all.reduce((sum, size) => sum + size, 0) !== length) {
    throw new ShapeError('split', 'the sizes do not fit', {
      takes: 'a size of at least 1, or sizes that add up to that of the dim',
      got: `${String(sizes)} for dim ${dim} of ${describe(x)}`,
    });
  }
  const whole = uncut(x);
  let end = 0;
  return all.map((size) => part(x, axis, end, (end += size), whole));
}

/**
 * Up to `chunks` views of x of one size along a dim. The last may be smaller.
 *
 * @param dim 0 by default
 * @example
 * const [mean, logVariance] = x.chunk(2, 1);
 */
export function chunk(x: Tensor, chunks: number, ...along: DimArguments): Tensor[] {
  const { dim = 0 } = chunkArguments([x, chunks, ...along]);
  if (chunks < 1) {
    throw new ArgumentError('chunk', 'no chunks', { takes: 'at least one chunk', got: String(chunks) });
  }
  const length = x.shape[axisOf('chunk', dim, x.ndim)] ?? 0;
  return x.split(Math.max(1, Math.ceil(length / chunks)), dim);
}

/**
 * The slices of x along a dim, without that dim, as views.
 *
 * @param dim 0 by default
 * @example
 * for (const row of matrix.unbind()) …
 */
export function unbind(x: Tensor, ...along: DimArguments): Tensor[] {
  const { dim = 0 } = unbindArguments([x, ...along]);
  const axis = axisOf('unbind', dim, x.ndim);
  if (x.ndim === 0)
    throw new ShapeError('unbind', 'a scalar', { takes: 'at least one dim', got: describe(x) });
  const shape = x.shape.toSpliced(axis, 1);
  const strides = x.strides.toSpliced(axis, 1);
  const whole = isRecorded(x) ? uncut(x) : undefined;
  const one = whole
    ? (index: number): Tensor => part(x, axis, index, index + 1, whole).reshape(shape)
    : (index: number): Tensor =>
        x.withLayout({ shape, strides, offset: x.offset + index * x.strides[axis]! });
  return scope(() => Array.from({ length: x.shape[axis]! }, (_, index) => one(index)));
}

const repeatArguments = listSignature('repeat', { x: TENSOR }, 'sizes');
const tileArguments = listSignature('tile', { x: TENSOR }, 'dims');

/**
 * Copies of x, one behind the other along each dim. New dims come first.
 *
 * @param sizes the number of copies along each dim, at least as many as x has
 * @example
 * tensor([1, 2]).repeat(2, 2); // [[1, 2, 1, 2], [1, 2, 1, 2]]
 */
export function repeat(x: Tensor, ...sizes: Numbers): Tensor {
  const { list } = repeatArguments([x, ...sizes]);
  if (list.length < x.ndim || list.some((count) => count < 0)) {
    throw new ShapeError('repeat', 'the sizes do not fit', {
      takes: `at least ${x.ndim} numbers of copies of 0 or more for ${describe(x)}`,
      got: `[${list.join(', ')}]`,
    });
  }
  const shape = [...new Array<number>(list.length - x.ndim).fill(1), ...x.shape];
  return scope(() =>
    x
      .reshape(shape.flatMap((size) => [1, size]))
      .expand(shape.flatMap((size, axis) => [list[axis]!, size]))
      .reshape(shape.map((size, axis) => size * list[axis]!)),
  );
}

/** As `repeat`, but fewer numbers than dims are those of the last ones. */
export function tile(x: Tensor, ...dims: Numbers): Tensor {
  const { list } = tileArguments([x, ...dims]);
  return x.repeat([...new Array<number>(Math.max(0, x.ndim - list.length)).fill(1), ...list]);
}

const repeatInterleaveArguments = signature<{ dim?: number }>(
  'repeatInterleave',
  { x: TENSOR, repeats: INTEGER },
  { dim: INTEGER },
);

/**
 * Repeats each element, or each slice along a dim. Without a dim, x is flattened first.
 *
 * @example
 * tensor([1, 2]).repeatInterleave(2); // 1, 1, 2, 2
 */
export function repeatInterleave(x: Tensor, repeats: number, ...along: DimArguments): Tensor {
  const { dim } = repeatInterleaveArguments([x, repeats, ...along]);
  if (repeats < 0) {
    throw new ArgumentError('repeatInterleave', 'a negative number', {
      takes: '0 or more repeats',
      got: String(repeats),
    });
  }
  if (dim === undefined || x.ndim === 0)
    return scope(() => x.flatten().unsqueeze(1).expand(-1, repeats).reshape(-1));
  const axis = axisOf('repeatInterleave', dim, x.ndim);
  const { shape } = x;
  return scope(() =>
    x
      .unsqueeze(axis + 1)
      .expand(shape.toSpliced(axis + 1, 0, repeats))
      .reshape(shape.with(axis, shape[axis]! * repeats)),
  );
}

const rollArguments = signature<{ dims?: Dims }>('roll', { x: TENSOR, shifts: DIMS }, { dims: DIMS });

/**
 * Moves elements along dims; those that leave at the end come in at the start. Without dims, x is rolled as if it were flat.
 *
 * @param shifts how far, one number for each dim
 * @example
 * tensor([1, 2, 3]).roll(1); // 3, 1, 2
 */
export function roll(
  x: Tensor,
  shifts: Dims,
  ...along: [dims?: Maybe<Dims>] | [options: { dims?: Maybe<Dims> }]
): Tensor {
  const { dims } = rollArguments([x, shifts, ...along]);
  const distances = typeof shifts === 'number' ? [shifts] : shifts;
  if (dims === undefined) return scope(() => x.flatten().roll(shifts, 0).reshape(x.shape));
  const axes = (typeof dims === 'number' ? [dims] : dims).map((dim) => axisOf('roll', dim, x.ndim));
  if (axes.length !== distances.length) {
    throw new ArgumentError('roll', 'shifts and dims differ in number', {
      takes: 'one shift for each dim',
      got: `${distances.length} shifts and ${axes.length} dims`,
    });
  }
  return scope(() => {
    const rolled = axes.reduce((before, axis, at) => {
      const length = x.shape[axis] ?? 1;
      const cut = ((-distances[at]! % length) + length) % length || 0;
      return cut === 0 ? before : cat([part(before, axis, cut, length), part(before, axis, 0, cut)], axis);
    }, x);
    return rolled === x ? x.clone() : rolled;
  });
}

const diagonalArguments = signature<{ offset?: number; dim1?: number; dim2?: number }>(
  'diagonal',
  { x: TENSOR },
  { offset: INTEGER, dim1: INTEGER, dim2: INTEGER },
);

/** Options of `diagonal`. */
export interface DiagonalOptions {
  /** 0 is the main diagonal; positive ones are above it. */
  offset?: Maybe<number>;
  /** 0 by default. */
  dim1?: Maybe<number>;
  /** 1 by default. */
  dim2?: Maybe<number>;
}

/**
 * A diagonal of the matrices over two dims, as a view. It is the last dim of the result.
 *
 * @example
 * tensor([[1, 2], [3, 4]]).diagonal(); // 1, 4
 */
export function diagonal(
  x: Tensor,
  ...options:
    [offset?: Maybe<number>, dim1?: Maybe<number>, dim2?: Maybe<number>] | [options: DiagonalOptions]
): Tensor {
  const { offset = 0, dim1 = 0, dim2 = 1 } = diagonalArguments([x, ...options]);
  const [rows, columns] = [dim1, dim2].map((dim) => axisOf('diagonal', dim, x.ndim)) as [number, number];
  if (rows === columns) {
    throw new ShapeError('diagonal', 'not two dims', {
      takes: 'two different dims',
      got: `${dim1} and ${dim2}`,
    });
  }
  const layoutIn = (whole: Tensor): Layout => {
    const { shape, strides } = whole;
    const others = shape.map((_, axis) => axis).filter((axis) => axis !== rows && axis !== columns);
    const length = Math.min(shape[rows]! - Math.max(0, -offset), shape[columns]! - Math.max(0, offset));
    const [down, right] = [strides[rows]!, strides[columns]!];
    return {
      shape: [...others.map((axis) => shape[axis]!), Math.max(0, length)],
      strides: [...others.map((axis) => strides[axis]!), down + right],
      offset:
        length > 0 ? whole.offset + Math.max(0, -offset) * down + Math.max(0, offset) * right : whole.offset,
    };
  };
  const { shape } = x;
  return viewOf('diagonal', x, layoutIn(x), (gradient) => placeInto(gradient, shape, layoutIn));
}

const meshgridArguments = signature<{ indexing?: 'ij' | 'xy' }>(
  'meshgrid',
  { tensors: TENSORS },
  { indexing: oneOf('ij', 'xy') },
);

/**
 * Vectors as the coordinates of a grid: views of one shape with one dim for each vector.
 *
 * @param indexing the order of the first two dims: 'ij' (the default) is that of the vectors, 'xy' exchanges them
 * @example
 * const [y, x] = meshgrid([arange(3), arange(4)]); // [3, 4] each
 */
export function meshgrid(
  tensors: readonly Tensor[],
  ...options: [indexing?: Maybe<'ij' | 'xy'>] | [options: { indexing?: Maybe<'ij' | 'xy'> }]
): Tensor[] {
  const { indexing = 'ij' } = meshgridArguments([tensors, ...options]);
  const wrong = tensors.find(({ ndim }) => ndim > 1);
  if (wrong) throw new ShapeError('meshgrid', 'not a vector', { takes: 'vectors', got: describe(wrong) });
  const sizes = tensors.map((each) => each.numel());
  return scope(() =>
    tensors.map((each, axis) => {
      const grid = each.reshape(sizes.map((size, at) => (at === axis ? size : 1))).expand(sizes);
      return indexing === 'xy' && sizes.length > 1 ? grid.transpose(0, 1) : grid;
    }),
  );
}

const oneHotArguments = signature('oneHot', { x: TENSOR, numClasses: INTEGER });

/**
 * Classes as vectors: 1 at the class, 0 elsewhere, int32.
 *
 * @param x int32
 * @param numClasses the length of the vectors. A class outside 0 to numClasses - 1 gives zeros
 * @example
 * tensor([2, 0], { dtype: 'int32' }).oneHot(3); // [[0, 0, 1], [1, 0, 0]]
 */
export function oneHot(x: Tensor, numClasses: number): Tensor {
  oneHotArguments(arguments);
  checkDtype('oneHot', x, 'int32');
  return scope(() =>
    x
      .unsqueeze(-1)
      .eq(arange(numClasses, { dtype: 'int32', device: x.device }))
      .to('int32'),
  );
}
