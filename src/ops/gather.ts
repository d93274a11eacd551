import type { Params } from '../backend/backend.ts';
import type { DType } from '../backend/dtypes.ts';
import { signature } from '../tensor/arguments.ts';
import { empty } from '../tensor/create.ts';
import { checkDevice } from '../tensor/checks.ts';
import { either, INTEGER, TENSOR } from '../tensor/kinds.ts';
import { ShapeError } from '../tensor/errors.ts';
import { scope } from '../tensor/scope.ts';
import { axisOf, checkShape, mergeAxes, sameShape, sizeOf } from '../tensor/shape.ts';
import { type Gradients, withGradient } from '../tensor/tape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { checkDtype } from './support/launch.ts';
import { dense, freeCopy } from '../tensor/dense.ts';

/** The words that an index out of range selects on WebGPU: NaN, the least int32, and false. */
const OUTSIDE: Partial<Record<DType, number>> = { float32: 0x7fc00000, int32: 0x80000000 };

const indexed = { x: TENSOR, dim: INTEGER, index: TENSOR };
const gatherArguments = signature('gather', indexed);
const indexSelectArguments = signature('indexSelect', indexed);
const scatterAddArguments = signature('scatterAdd', { ...indexed, src: either(TENSOR, INTEGER) });

/**
 * Selects elements of x along a dim by index: out[i][j] = x[index[i][j]][j] for dim 0.
 *
 * The gradient is added to the selected places, in the order of the index.
 *
 * @param index int32, with x's rank; its sizes do not exceed x's, except along `dim`; entries from 0 to x.shape[dim] -
 *   1
 * @throws ShapeError if the index does not fit; on the CPU also WgradError for an entry out of range, which gives NaN,
 *   -2^31 in int32, or false on WebGPU
 * @example
 * logits.gather(1, labels.unsqueeze(1)); // the logit of each sample's label
 */
export function gather(x: Tensor, dim: number, index: Tensor): Tensor {
  gatherArguments(arguments);
  checkDtype('gather', x, 'float32', 'float64', 'int32', 'bool');
  checkDtype('gather', index, 'int32');
  checkDevice('gather', x, index);
  const axis = axisOf('gather', dim, x.ndim);
  const fits =
    index.ndim === x.ndim && index.shape.every((length, each) => each === axis || length <= x.shape[each]!);
  if (!fits) {
    throw new ShapeError('gather', 'the index does not fit', {
      takes: `an index of ${x.ndim} dims, not larger than ${describe(x)} except along dim ${dim}`,
      got: describe(index),
    });
  }
  const isWhole = index.shape.every((length, each) => each === axis || length === x.shape[each]);
  const source = isWhole
    ? x
    : x.slice(...index.shape.map((length, each) => (each === axis ? null : ([0, length] as const))));
  const out = empty(index.shape, { dtype: x.dtype, device: x.device });
  if (out.numel() > 0) {
    const values = dense(source);
    const { indices, walk } = walkIndex(index, axis);
    x.device.run(
      'gather',
      { x: values.storage.buffer, indices: indices.storage.buffer, out: out.storage.buffer },
      {
        size: out.numel(),
        length: x.shape[axis] ?? 1,
        offset: values.offset,
        outside: OUTSIDE[x.dtype] ?? 0,
        ...walk,
      },
    );
    freeCopy(values, source);
    freeCopy(indices, index);
  }
  const length = x.shape[axis] ?? 1;
  const rule = (gradient: Tensor, kept: Tensor): Gradients => [() => scattered(gradient, dim, kept, length)];
  withGradient('gather', out, [source], [index], rule, { axis, index });
  if (source !== x) source.dispose();
  return out;
}

/**
 * x plus the elements of src at places along a dim, by index: out = x, then out[index[i][j]][j] += src[i][j] for dim 0.
 * Entries are added in the order of the index, so the same inputs give the same bits.
 *
 * With a number in place of src, adds the elements of x to that many zeros:
 * `x.scatterAdd(dim, index, length)` is `zeros.scatterAdd(dim, index, x)`.
 *
 * @param index int32, of src's shape; entries from 0 to x.shape[dim] - 1
 * @param src of x's rank; its sizes equal x's, except along `dim`
 * @throws ShapeError if index or src does not fit; on the CPU also WgradError for an entry out of range, which WebGPU
 *   ignores
 */
export function scatterAdd(x: Tensor, dim: number, index: Tensor, src: Tensor | number): Tensor {
  scatterAddArguments(arguments);
  if (typeof src === 'number') return scattered(x, dim, index, src);
  const axis = checkSource('scatterAdd', x, dim, src);
  return scope(() => x.add(scattered(src, dim, index, x.shape[axis] ?? 1)));
}

/** The axis of `dim`. Throws ShapeError unless src has the sizes of x, except along it. */
export function checkSource(name: string, x: Tensor, dim: number, src: Tensor): number {
  const axis = axisOf(name, dim, x.ndim);
  const fits =
    src.ndim === x.ndim && src.shape.every((size, each) => each === axis || size === x.shape[each]);
  if (fits) return axis;
  throw new ShapeError(name, 'src does not fit', {
    takes: `a src of the sizes of ${describe(x)}, except along dim ${dim}`,
    got: describe(src),
  });
}

/** Throws unless an index names a place for each element of x. */
export function checkEntries(name: string, x: Tensor, index: Tensor): void {
  checkDtype(name, index, 'int32');
  checkDevice(name, x, index);
  if (sameShape(x.shape, index.shape)) return;
  throw new ShapeError(name, 'the index does not fit', {
    takes: `an index of the shape of ${describe(x)}`,
    got: describe(index),
  });
}

function scattered(x: Tensor, dim: number, index: Tensor, length: number): Tensor {
  checkDtype('scatterAdd', x, 'float32', 'float64');
  checkEntries('scatterAdd', x, index);
  checkShape('scatterAdd', [length]);
  const axis = axisOf('scatterAdd', dim, x.ndim);
  const shape = x.shape.map((size, each) => (each === axis ? length : size));
  const out = empty(shape, { dtype: x.dtype, device: x.device });
  if (out.numel() > 0) {
    const values = dense(x);
    const { indices, walk } = walkIndex(index, axis);
    const launch = isGrouped(out, length, walk) ? addInOrder : addByPlace;
    launch(values, indices, out, length, walk);
    freeCopy(values, x);
    freeCopy(indices, index);
  }
  return withGradient('scatterAdd', out, [x], [index], (gradient, kept) => [
    () => gather(gradient, dim, kept),
  ]);
}

/**
 * Selects rows of x (slices along `dim`) in the order of a vector of indices.
 *
 * @param index int32[n], entries from 0 to x.shape[dim] - 1
 * @example
 * images.indexSelect(0, tensor([3, 1], { dtype: 'int32' })); // images 3 and 1
 */
export function indexSelect(x: Tensor, dim: number, index: Tensor): Tensor {
  indexSelectArguments(arguments);
  const axis = axisOf('indexSelect', dim, x.ndim);
  checkDtype('indexSelect', index, 'int32');
  if (index.ndim !== 1) {
    throw new ShapeError('indexSelect', 'the index is not a vector', {
      takes: 'index int32[n]',
      got: describe(index),
    });
  }
  if (x.ndim === 0) return scope(() => x.reshape([1]).gather(0, index).reshape([]));
  const column = x.shape.map((_, each) => (each === axis ? index.numel() : 1));
  const shape = x.shape.map((length, each) => (each === axis ? index.numel() : length));
  return scope(() => x.gather(axis, index.reshape(column).expand(shape)));
}

/** Up to this many places, or entries for each place, every place of a GPU looks at all entries. */
const FEW = 64;

/** Rows that are selected whole have one index. */
function isShared({ outerStride, innerStride }: IndexWalk): boolean {
  return outerStride === 0 && innerStride === 0;
}

/** Whether entries are grouped by place first. The CPU adds them one after the other, unless each is a row. */
function isGrouped({ device }: Tensor, length: number, walk: IndexWalk): boolean {
  if (device.name === 'cpu') return isShared(walk) && walk.inner > 1;
  return areMany(length, walk);
}

/** Whether a GPU had better group the entries. */
export function areMany(length: number, { count }: IndexWalk): boolean {
  return Math.min(length, count) > FEW;
}

/** One launch, whose cost is the outputs times the entries; on the CPU their sum. */
function addByPlace(x: Tensor, index: Tensor, out: Tensor, length: number, walk: IndexWalk): void {
  out.device.run(
    'scatterAdd',
    { x: x.storage.buffer, indices: index.storage.buffer, out: out.storage.buffer },
    { size: out.numel(), length, offset: x.offset, ...walk },
  );
}

/** Invocations that group the entries of an index, so that a GPU has work; each looks at all entries of its column. */
const RANGES = 32;

/** The same sums in two launches, whose cost is the outputs plus the entries: the first groups the entries by place. */
function addInOrder(x: Tensor, index: Tensor, out: Tensor, length: number, walk: IndexWalk): void {
  const size = out.numel();
  const { ends, order, shared } = groupEntries(index, size, length, walk);
  out.device.run(
    'scatterAddOrdered',
    {
      x: x.storage.buffer,
      ends: ends.storage.buffer,
      order: order.storage.buffer,
      out: out.storage.buffer,
    },
    { size, length, count: walk.count, inner: walk.inner, offset: x.offset },
    { SHARED: shared },
  );
  ends.dispose();
  order.dispose();
}

/** The positions of an index, grouped by the places that they name. */
export interface Grouped {
  ends: Tensor;
  order: Tensor;
  /** Whether all columns have one index: rows that are selected whole. */
  shared: boolean;
}

/** Groups the entries of an index into `length` places, for `size` outputs. */
export function groupEntries(index: Tensor, size: number, length: number, walk: IndexWalk): Grouped {
  const { device } = index;
  const { count, inner } = walk;
  const shared = walk.outerStride === 0 && walk.innerStride === 0;
  const columns = shared ? 1 : size / length;
  const ranges = Math.ceil(RANGES / Math.min(columns, RANGES));
  const ends = empty([columns, length], { dtype: 'int32', device });
  const order = empty([columns, count], { dtype: 'int32', device });
  device.run(
    'indexOrder',
    { indices: index.storage.buffer, ends: ends.storage.buffer, order: order.storage.buffer },
    { size: columns * ranges, ranges, length, ...walk, inner: shared ? 1 : inner },
  );
  return { ends, order, shared };
}

export type IndexWalk = Omit<Params<'gather'>, 'size' | 'length' | 'offset' | 'outside'>;

/** The stride of the axes `from` up to `to` as one axis, or undefined if they are not one. */
function jointStride({ shape, strides }: Tensor, from: number, to: number): number | undefined {
  if (to - from <= 1) return to === from || shape[from] === 1 ? 0 : (strides[from] ?? 0);
  const merged = mergeAxes(shape.slice(from, to), [strides.slice(from, to)]);
  return merged.shape.length > 1 ? undefined : (merged.strides[0]![0] ?? 0);
}

/** The index as [outer, count, inner] with the stride of each; a copy if its axes do not merge to that. */
export function walkIndex(index: Tensor, axis: number): { indices: Tensor; walk: IndexWalk } {
  const split = (tensor: Tensor): number[] | undefined => {
    const outer = jointStride(tensor, 0, axis);
    const inner = jointStride(tensor, axis + 1, tensor.ndim);
    return outer === undefined || inner === undefined
      ? undefined
      : [outer, jointStride(tensor, axis, axis + 1)!, inner];
  };
  const direct = split(index);
  const indices = direct ? index : dense(index);
  const [outerStride, countStride, innerStride] = (direct ?? split(indices)) as [number, number, number];
  return {
    indices,
    walk: {
      count: index.shape[axis] ?? 1,
      inner: sizeOf(index.shape.slice(axis + 1)),
      indexOffset: indices.offset,
      outerStride,
      countStride,
      innerStride,
    },
  };
}
