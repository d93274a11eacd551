// Elements that an index places into a tensor.

import { codes } from '../backend/signatures.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { checkAlike } from '../tensor/checks.ts';
import { arange, empty, full, onesLike, zerosLike } from '../tensor/create.ts';
import { dense, freeCopy } from '../tensor/dense.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { BOOLEAN, INTEGER, oneOf, OPERAND, TENSOR, TENSORS } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { sizeOf } from '../tensor/shape.ts';
import { withGradient } from '../tensor/tape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { areMany, checkEntries, checkSource, groupEntries, walkIndex } from './gather.ts';
import { checkDtype, elementOf } from './support/launch.ts';
import { joinedPlaces } from './support/places.ts';
import { where } from './where.ts';

const indexed = { x: TENSOR, dim: INTEGER, index: TENSOR };
const scatterArguments = signature('scatter', { ...indexed, src: OPERAND });

/**
 * x with elements of src at places along a dim: out = x, then out[index[i][j]][j] = src[i][j] for dim 0. Of several elements for
 * one place, the last wins. Their gradient goes to it.
 *
 * @param index int32, of src's shape; entries from 0 to x.shape[dim] - 1
 * @param src a number, or a tensor of x's rank and dtype; its sizes equal x's, except along `dim`
 * @throws ShapeError if index or src does not fit; on the CPU also WgradError for an entry out of range, which WebGPU
 *   ignores
 */
export function scatter(x: Tensor, dim: number, index: Tensor, src: Tensor | number): Tensor {
  scatterArguments(arguments);
  checkDtype('scatter', x, 'float32', 'float64', 'int32', 'bool');
  if (typeof src === 'number') {
    const { dtype, device } = x;
    return scope(() => x.scatter(dim, index, full(index.shape, src, { dtype, device })));
  }
  const out = folded('scatter', 'LAST', { x, dim, index, src, included: true });
  return withGradient('scatter', out, [x, src], [index], (gradient, kept) => [
    () => gradient.scatter(dim, kept, 0),
    () => where(winners(kept, dim, x.shape), gradient.gather(dim, kept), 0),
  ]);
}

/** Where an entry of an index is the last for its place. */
function winners(index: Tensor, dim: number, shape: readonly number[]): Tensor {
  const axis = dim < 0 ? dim + index.ndim : dim;
  const options = { dtype: 'int32', device: index.device } as const;
  const column = index.shape.map((size, each) => (each === axis ? size : 1));
  const positions = arange(sizeOf(column), options).reshape(column).expand(index.shape);
  return full(shape, 0, options).scatter(dim, index, positions).gather(dim, index).eq(positions);
}

/** How `scatterReduce` combines elements. */
export type ScatterReduction = 'sum' | 'prod' | 'mean' | 'amax' | 'amin';

const scatterReduceArguments = signature<{ includeSelf?: boolean }>(
  'scatterReduce',
  { ...indexed, src: TENSOR, reduce: oneOf('sum', 'prod', 'mean', 'amax', 'amin') },
  { includeSelf: BOOLEAN },
);

/**
 * Combines the elements of src that an index places into one place along a dim, and the element of x there.
 *
 * The gradients of `amax` and `amin` are shared evenly by equal elements. That of `prod` is exact where elements are 0; its
 * second derivative is so where no place has a 0.
 *
 * @param index int32, of src's shape; entries from 0 to x.shape[dim] - 1
 * @param src of x's rank; its sizes equal x's, except along `dim`
 * @param includeSelf false to leave out the element of x where src has one; true by default
 * @throws ShapeError if index or src does not fit; on the CPU also WgradError for an entry out of range, which WebGPU
 *   ignores
 * @example
 * zeros(3).scatterReduce(0, index, values, 'amax', { includeSelf: false });
 */
export function scatterReduce(
  x: Tensor,
  dim: number,
  index: Tensor,
  src: Tensor,
  reduce: ScatterReduction,
  ...options: [includeSelf?: Maybe<boolean>] | [options: { includeSelf?: Maybe<boolean> }]
): Tensor {
  const { includeSelf = true } = scatterReduceArguments([x, dim, index, src, reduce, ...options]);
  const given: Fold = { x, dim, index, src, included: includeSelf };
  if (reduce === 'prod') return product(given);
  if (reduce === 'amax' || reduce === 'amin') return extreme(reduce, given);
  return scope(() => {
    const base = includeSelf ? x : x.scatter(dim, index, 0);
    const sums = base.scatterAdd(dim, index, src);
    if (reduce === 'sum') return sums;
    const own = includeSelf ? onesLike(x) : zerosLike(x);
    return sums.div(own.scatterAdd(dim, index, onesLike(src)).maximum(1));
  });
}

/** A call of `scatterReduce`. */
interface Fold {
  readonly x: Tensor;
  readonly dim: number;
  readonly index: Tensor;
  readonly src: Tensor;
  readonly included: boolean;
}

function product(given: Fold): Tensor {
  const { x, dim, index, src, included } = given;
  checkDtype('scatterReduce', x, 'float32', 'float64');
  const out = folded('scatterReduce', 'PROD', given);
  return withGradient('scatterReduce', out, [x, src], [x, src, index], (gradient, self, factors, kept) => [
    () =>
      included
        ? gradient.mul(onesLike(self).scatterReduce(dim, kept, factors, 'prod'))
        : gradient.scatter(dim, kept, 0),
    () => {
      // The product of the others is the product over the element. Zeros are counted, and left out of the product.
      const base = included ? self : onesLike(self);
      const [isZero, isZeroBase] = [factors.eq(0), base.eq(0)];
      const safe = where(isZero, 1, factors);
      const all = where(isZeroBase, 1, base).scatterReduce(dim, kept, safe, 'prod').gather(dim, kept);
      const { dtype } = factors;
      const zeros = isZeroBase.to(dtype).scatterAdd(dim, kept, isZero.to(dtype)).gather(dim, kept);
      const others = where(zeros.eq(isZero.to(dtype)), all.div(safe), 0);
      return gradient.gather(dim, kept).mul(others);
    },
  ]);
}

function extreme(reduce: 'amax' | 'amin', given: Fold): Tensor {
  const { x, dim, index, src, included } = given;
  checkDtype('scatterReduce', x, 'float32', 'float64', 'int32');
  const out = folded('scatterReduce', reduce === 'amax' ? 'MAX' : 'MIN', given);
  return withGradient(
    'scatterReduce',
    out,
    [x, src],
    [x, src, index, out],
    (gradient, self, values, kept, reached) => {
      const own = (): Tensor => {
        const equal = self.eq(reached).to(gradient.dtype);
        return included ? equal : equal.scatter(dim, kept, 0);
      };
      const theirs = (): Tensor => values.eq(reached.gather(dim, kept)).to(gradient.dtype);
      const share = (): Tensor => gradient.div(own().scatterAdd(dim, kept, theirs()));
      return [() => share().mul(own()), () => share().gather(dim, kept).mul(theirs())];
    },
  );
}

/** Runs the kernel. Records no gradient. */
function folded(
  name: string,
  operation: keyof typeof codes.scatterFold,
  { x, dim, index, src, included }: Fold,
): Tensor {
  checkAlike(name, x, src);
  checkEntries(name, src, index);
  const axis = checkSource(name, x, dim, src);
  const { shape, dtype, device } = x;
  if (src.numel() === 0 || x.numel() === 0) return scope(() => x.detach().clone());
  const out = empty(shape, { dtype, device });
  const length = shape[axis] ?? 1;
  const [base, values] = [dense(x), dense(src)];
  const { indices, walk } = walkIndex(index, axis);
  // The CPU takes one entry after the other.
  const grouped =
    device.name !== 'cpu' && areMany(length, walk)
      ? groupEntries(indices, out.numel(), length, walk)
      : undefined;
  device.run(
    'scatterFold',
    {
      base: base.storage.buffer,
      x: values.storage.buffer,
      ends: (grouped?.ends ?? indices).storage.buffer,
      order: (grouped?.order ?? indices).storage.buffer,
      out: out.storage.buffer,
    },
    {
      size: out.numel(),
      length,
      ...walk,
      baseOffset: base.offset,
      offset: values.offset,
    },
    {
      OPERATION: codes.scatterFold[operation],
      INCLUDED: included,
      SHARED: grouped?.shared ?? false,
      BY_PLACE: !grouped,
      ...elementOf(dtype),
    },
  );
  grouped?.ends.dispose();
  grouped?.order.dispose();
  freeCopy(base, x);
  freeCopy(values, src);
  freeCopy(indices, index);
  return out;
}

const indexPutArguments = signature<{ accumulate?: boolean }>(
  'indexPut',
  { x: TENSOR, indices: TENSORS, values: OPERAND },
  { accumulate: BOOLEAN },
);

/**
 * x with values at places: PyTorch's `x[i, j] = values`, as a new tensor. Of several values for one place, the last wins.
 *
 * @param indices int32 tensors that broadcast, one for each of the first dims; entries from 0 to the size of the dim - 1
 * @param values a number, or a tensor that broadcasts to the places and the other dims
 * @param accumulate adds the values to the elements instead: those of one place add up; false by default
 * @throws ShapeError if the shapes do not fit; on the CPU also WgradError for an entry out of range, which WebGPU
 *   ignores
 * @example
 * x.indexPut([rows, columns], 0);
 */
export function indexPut(
  x: Tensor,
  indices: readonly Tensor[],
  values: Tensor | number,
  ...options: [accumulate?: Maybe<boolean>] | [options: { accumulate?: Maybe<boolean> }]
): Tensor {
  const { accumulate = false } = indexPutArguments([x, indices, values, ...options]);
  if (indices.length === 0 || indices.length > x.ndim) {
    throw new ArgumentError('indexPut', 'the number of indices does not fit', {
      takes: `1 to ${x.ndim} indices for ${describe(x)}`,
      got: String(indices.length),
    });
  }
  const [first, rest] = [x.shape.slice(0, indices.length), x.shape.slice(indices.length)];
  const { dtype, device } = x;
  return scope(() => {
    const joined = joinedPlaces('indexPut', indices, first);
    const places = joined.shape;
    const rows = joined.reshape([sizeOf(places), 1]);
    const shape = [sizeOf(places), sizeOf(rest)];
    const given = typeof values === 'number' ? full([], values, { dtype, device }) : values;
    const wide = given.expand([...places, ...rest]).reshape(shape);
    const flat = x.reshape([sizeOf(first), sizeOf(rest)]);
    const index = rows.expand(shape);
    return (accumulate ? flat.scatterAdd(0, index, wide) : flat.scatter(0, index, wide)).reshape(x.shape);
  });
}
