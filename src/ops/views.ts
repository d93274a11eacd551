// Other layouts of the same elements: views if the strides allow it.

import { isIntegers, listSignature, type Maybe, signature } from '../tensor/arguments.ts';
import { empty } from '../tensor/create.ts';
import { copyInto, dense } from '../tensor/dense.ts';
import { ShapeError } from '../tensor/errors.ts';
import { DIMS, INTEGER, TENSOR, takesTensor } from '../tensor/kinds.ts';
import {
  axesOf,
  axisOf,
  broadcastShapes,
  broadcastStrides,
  formatShape,
  sameShape,
  sizeOf,
} from '../tensor/shape.ts';
import { withGradient } from '../tensor/tape.ts';
import { describe, Tensor } from '../tensor/tensor.ts';
import { memoryOrder, settled } from './support/launch.ts';
import { inferShape, viewOf, viewStrides } from './support/layout.ts';
import type { Dims } from './support/reduction.ts';

/** Sizes or dims, in one list or one after the other: `x.reshape([2, -1])` or `x.reshape(2, -1)`. */
export type Numbers = number[] | [list: readonly number[]];

const ofList = (name: string, list: string = 'sizes'): ReturnType<typeof listSignature> =>
  listSignature(name, { x: TENSOR }, list);
const lists = {
  reshape: ofList('reshape'),
  view: ofList('view'),
  expand: ofList('expand'),
  sumToSize: ofList('sumToSize'),
  permute: ofList('permute', 'dims'),
  flip: ofList('flip', 'dims'),
};

/** The list that a call gives. Most calls of the library give an array, which needs no copy. */
function listOf(takes: (typeof lists)['reshape'], x: Tensor, given: Numbers): readonly number[] {
  const [first] = given;
  if (given.length === 1 && x instanceof Tensor && isIntegers(first)) return first;
  return takes([x, ...given]).list;
}

/**
 * The same elements, in row-major order, with another shape. A view if the strides allow it, otherwise a copy.
 *
 * @param shape sizes, one of which may be -1 for the remaining size
 * @throws ShapeError if the number of elements differs
 * @example
 * images.reshape(-1, 784);
 * images.reshape([-1, 784]);
 */
export function reshape(x: Tensor, ...shape: Numbers): Tensor {
  const target = inferShape('reshape', x, listOf(lists.reshape, x, shape));
  const { shape: before } = x;
  const strides = viewStrides(x, target);
  if (strides) {
    const layout = { shape: target, strides, offset: x.offset };
    return viewOf('reshape', x, layout, (gradient) => gradient.reshape(before));
  }
  const copy = dense(x);
  const out = copy.withLayout({ shape: target, strides: viewStrides(copy, target)!, offset: 0 });
  copy.dispose();
  return withGradient('reshape', out, [x], [], (gradient) => [() => gradient.reshape(before)]);
}

/**
 * The same elements, in row-major order, with another shape, without a copy.
 *
 * @param shape sizes, one of which may be -1 for the remaining size
 * @throws ShapeError if the number of elements differs, or if only a copy has that shape; `reshape` copies then
 * @example
 * tensor([[1, 2], [3, 4]]).view(-1); // 1, 2, 3, 4
 */
export function view(x: Tensor, ...shape: Numbers): Tensor {
  const target = inferShape('view', x, listOf(lists.view, x, shape));
  const strides = viewStrides(x, target);
  if (!strides) {
    throw new ShapeError('view', 'only a copy has that shape', {
      takes: 'a shape that the strides allow; use reshape, which copies if it must',
      got: `${describe(x)} with strides ${formatShape(x.strides)} to ${formatShape(target)}`,
    });
  }
  const { shape: before } = x;
  const layout = { shape: target, strides, offset: x.offset };
  return viewOf('view', x, layout, (gradient) => gradient.reshape(before));
}

const flattenArguments = signature<{ startDim?: number; endDim?: number }>(
  'flatten',
  { x: TENSOR },
  { startDim: INTEGER, endDim: INTEGER },
);

/** Merges dims startDim to endDim, both included, into one; all dims by default. */
export function flatten(
  x: Tensor,
  ...dims:
    | [startDim?: Maybe<number>, endDim?: Maybe<number>]
    | [options: { startDim?: Maybe<number>; endDim?: Maybe<number> }]
    | [startDim: Maybe<number>, options: { endDim?: Maybe<number> }]
): Tensor {
  const { startDim = 0, endDim = -1 } = flattenArguments([x, ...dims]);
  if (x.ndim === 0) return x.reshape([1]);
  const first = axisOf('flatten', startDim, x.ndim);
  const last = axisOf('flatten', endDim, x.ndim);
  if (first > last) {
    throw new ShapeError('flatten', 'startDim comes after endDim', {
      takes: 'startDim ≤ endDim',
      got: `startDim ${startDim}, endDim ${endDim}`,
    });
  }
  const middle = sizeOf(x.shape.slice(first, last + 1));
  return x.reshape([...x.shape.slice(0, first), middle, ...x.shape.slice(last + 1)]);
}

const squeezeArguments = signature<{ dim?: Dims }>('squeeze', { x: TENSOR }, { dim: DIMS });

/** A view without the given dims of size 1, or without all of them. Other dims stay. */
export function squeeze(x: Tensor, ...dims: [dim?: Maybe<Dims>] | [options: { dim?: Maybe<Dims> }]): Tensor {
  const { dim } = squeezeArguments([x, ...dims]);
  const axes = axesOf('squeeze', dim, x.ndim);
  return x.reshape(x.shape.filter((length, axis) => length !== 1 || !axes.includes(axis)));
}

const unsqueezeArguments = signature('unsqueeze', { x: TENSOR, dim: INTEGER });

/** A view with a new dim of size 1 at `dim`. -1 adds it at the end. */
export function unsqueeze(x: Tensor, dim: number): Tensor {
  unsqueezeArguments(arguments);
  const axis = axisOf('unsqueeze', dim, x.ndim + 1);
  return x.reshape([...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)]);
}

/**
 * A view with its dims in another order: dim i of the result is dim dims[i] of x.
 *
 * @throws ShapeError if `dims` is not a permutation of x's dims
 */
export function permute(x: Tensor, ...order: Numbers): Tensor {
  const dims = listOf(lists.permute, x, order);
  const axes = dims.map((dim) => axisOf('permute', dim, x.ndim));
  if (axes.length !== x.ndim || new Set(axes).size !== x.ndim) {
    throw new ShapeError('permute', 'not a permutation', {
      takes: `each of ${x.ndim} dims once`,
      got: formatShape(dims),
    });
  }
  const inverse = axes.map((_, axis) => axes.indexOf(axis));
  const layout = {
    shape: axes.map((axis) => x.shape[axis]!),
    strides: axes.map((axis) => x.strides[axis]!),
    offset: x.offset,
  };
  return viewOf('permute', x, layout, (gradient) => gradient.permute(inverse), axes);
}

const transposeArguments = signature('transpose', { x: TENSOR, dim0: INTEGER, dim1: INTEGER });

/** A view with two dims exchanged. */
export function transpose(x: Tensor, dim0: number, dim1: number): Tensor {
  transposeArguments(arguments);
  const first = axisOf('transpose', dim0, x.ndim);
  const second = axisOf('transpose', dim1, x.ndim);
  const swapped = x.shape.map((_, axis) => (axis === first ? second : axis === second ? first : axis));
  return x.permute(swapped);
}

/** The transpose of a matrix, as a view. Vectors and scalars stay. */
export function t(x: Tensor): Tensor {
  takesTensor('t', arguments);
  if (x.ndim > 2) {
    throw new ShapeError('t', 'not a matrix', {
      takes: 'up to two dims; use transpose or permute',
      got: describe(x),
    });
  }
  return x.ndim === 2 ? x.transpose(0, 1) : x.reshape(x.shape);
}

/** Kernels count elements in 32 bits. */
const MOST_ELEMENTS = 2 ** 31;

/**
 * A view expanded to `shape`: dims of size 1, and new dims in front, repeat without a copy.
 *
 * @param shape sizes; -1 keeps a dim as it is
 * @throws ShapeError if a dim other than 1 would change, or for more than 2^31 elements
 */
export function expand(x: Tensor, ...sizes: Numbers): Tensor {
  const shape = listOf(lists.expand, x, sizes);
  const lead = shape.length - x.ndim;
  const target = shape.map((length, axis) =>
    length === -1 && axis >= lead ? x.shape[axis - lead]! : length,
  );
  const fits = target.every(
    (length, axis) => axis < lead || x.shape[axis - lead] === 1 || x.shape[axis - lead] === length,
  );
  if (lead < 0 || !fits || target.includes(-1)) {
    throw new ShapeError('expand', 'the shape does not expand', {
      takes: `a shape that ends with ${formatShape(x.shape)}, where a 1 may become any size`,
      got: `${describe(x)} to ${formatShape(shape)}`,
    });
  }
  if (sizeOf(target) > MOST_ELEMENTS) {
    throw new ShapeError('expand', 'too many elements', {
      takes: `a shape of at most ${MOST_ELEMENTS} elements`,
      got: `${describe(x)} to ${formatShape(shape)}`,
    });
  }
  const { shape: before } = x;
  const layout = { shape: target, strides: broadcastStrides(x.shape, x.strides, target), offset: x.offset };
  return viewOf('expand', x, layout, (gradient) => gradient.sumToSize(before));
}

/**
 * The inverse of `expand`: sums over the dims along which `shape` would expand to x's shape.
 *
 * @throws ShapeError if `shape` does not broadcast to x's shape
 */
export function sumToSize(x: Tensor, ...sizes: Numbers): Tensor {
  const shape = listOf(lists.sumToSize, x, sizes);
  if (sameShape(x.shape, shape)) return viewOf('sumToSize', x, x, (gradient) => gradient);
  if (!sameShape(broadcastShapes('sumToSize', x.shape, shape), x.shape)) {
    throw new ShapeError('sumToSize', 'the shape does not broadcast to that of x', {
      takes: `a shape that broadcasts to ${formatShape(x.shape)}`,
      got: formatShape(shape),
    });
  }
  const lead = x.ndim - shape.length;
  const dims = x.shape.flatMap((length, axis) =>
    axis < lead || (shape[axis - lead] === 1 && length !== 1) ? [axis] : [],
  );
  return dims.length === 0 ? x.reshape(shape) : x.sum(dims).reshape(shape);
}

/** A view with the order of elements reversed along the given dims. */
export function flip(x: Tensor, ...along: Numbers): Tensor {
  const dims = listOf(lists.flip, x, along);
  const axes = dims.length === 0 ? [] : axesOf('flip', dims, x.ndim);
  const reversed = axes.filter((axis) => x.shape[axis]! > 0);
  const layout = {
    shape: x.shape,
    strides: x.strides.map((stride, axis) => (axes.includes(axis) ? -stride : stride)),
    offset: reversed.reduce((offset, axis) => offset + (x.shape[axis]! - 1) * x.strides[axis]!, x.offset),
  };
  return viewOf('flip', x, layout, (gradient) => gradient.flip(dims), axes);
}

/** The tensor with its elements row-major without gaps: a view if they already are, otherwise a copy. */
export function contiguous(x: Tensor): Tensor {
  takesTensor('contiguous', arguments);
  return x.isContiguous()
    ? viewOf('contiguous', x, x, (gradient) => gradient)
    : copied(x, empty(x.shape, { dtype: x.dtype, device: x.device }));
}

/** A copy with its own memory. It has the strides of x if x fills its memory without gaps, otherwise it is contiguous. */
export function clone(x: Tensor): Tensor {
  takesTensor('clone', arguments);
  const order = memoryOrder(x.shape, [x]);
  return copied(x, settled(empty(x.shape, { dtype: x.dtype, device: x.device }), { order }));
}

function copied(x: Tensor, out: Tensor): Tensor {
  copyInto(x, out);
  return withGradient('clone', out, [x], [], (gradient) => [() => gradient]);
}
