// The order of elements along a dim.

import { type Maybe, signature } from '../tensor/arguments.ts';
import { empty } from '../tensor/create.ts';
import { dense, freeCopy } from '../tensor/dense.ts';
import { ShapeError } from '../tensor/errors.ts';
import { BOOLEAN, INTEGER, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { axisOf } from '../tensor/shape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { checkDtype, elementOf } from './support/launch.ts';

interface Order {
  dim?: number;
  descending?: boolean;
}

type OrderArguments =
  | [dim?: Maybe<number>, descending?: Maybe<boolean>]
  | [dim: Maybe<number>, options: { descending?: Maybe<boolean> }]
  | [options: { dim?: Maybe<number>; descending?: Maybe<boolean> }];

const order = { dim: INTEGER, descending: BOOLEAN };
const sortArguments = signature<Order>('sort', { x: TENSOR }, order);
const argsortArguments = signature<Order>('argsort', { x: TENSOR }, order);
const topkArguments = signature<{ dim?: number; largest?: boolean }>(
  'topk',
  { x: TENSOR, k: INTEGER },
  { dim: INTEGER, largest: BOOLEAN },
);

/**
 * The elements along a dim in ascending order, and their positions as int32. Equal elements keep their order; NaN counts as
 * greatest. The gradient goes back to the elements.
 *
 * @param dim the last one by default
 * @param descending the greatest first; false by default
 * @example
 * const [values, indices] = tensor([3, 1, 2]).sort(); // 1, 2, 3 and 1, 2, 0
 */
export function sort(x: Tensor, ...options: OrderArguments): [values: Tensor, indices: Tensor] {
  const { dim = -1, descending = false } = sortArguments([x, ...options]);
  return picked(x, dim, ordered('sort', x, dim, descending));
}

/**
 * The positions, as int32, that sort the elements along a dim: see `sort`.
 *
 * @param dim the last one by default
 * @param descending the greatest first; false by default
 * @example
 * tensor([3, 1, 2]).argsort(); // 1, 2, 0
 */
export function argsort(x: Tensor, ...options: OrderArguments): Tensor {
  const { dim = -1, descending = false } = argsortArguments([x, ...options]);
  return ordered('argsort', x, dim, descending);
}

/**
 * The k greatest elements along a dim, the greatest first, and their positions as int32. NaN counts as greatest; the first of
 * equal elements comes first. The gradient goes back to the elements.
 *
 * @param dim the last one by default
 * @param largest false for the k least, the least first; true by default
 * @throws ShapeError if there are fewer than k
 * @example
 * const [values, indices] = logits.topk(5, 1);
 */
export function topk(
  x: Tensor,
  k: number,
  ...options:
    | [dim?: Maybe<number>, largest?: Maybe<boolean>]
    | [dim: Maybe<number>, options: { largest?: Maybe<boolean> }]
    | [options: { dim?: Maybe<number>; largest?: Maybe<boolean> }]
): [values: Tensor, indices: Tensor] {
  const { dim = -1, largest = true } = topkArguments([x, k, ...options]);
  const length = x.shape[axisOf('topk', dim, x.ndim)] ?? 1;
  if (k < 0 || k > length) {
    throw new ShapeError('topk', 'k is out of range', {
      takes: `k from 0 to ${length} for dim ${dim} of ${describe(x)}`,
      got: `k ${k}`,
    });
  }
  return picked(x, dim, ordered('topk', x, dim, largest, k));
}

/** The elements at positions, and the positions. */
function picked(x: Tensor, dim: number, indices: Tensor): [Tensor, Tensor] {
  return [x.gather(dim, indices), indices];
}

/** The width of the runs that the first pass sorts. */
const RUN = 32;
/** For so few elements the CPU backend takes the whole row as one run: it finds them in one pass. */
const FEW = 16;

/** The positions that sort x along a dim, or the first of them. */
function ordered(name: string, x: Tensor, dim: number, descending: boolean, keep?: number): Tensor {
  checkDtype(name, x, 'float32', 'float64', 'int32', 'bool');
  const axis = axisOf(name, dim, x.ndim);
  return scope(() => {
    const last = x.ndim === 0 ? x.detach().reshape([1]) : x.detach().transpose(axis, -1);
    const length = last.shape.at(-1)!;
    const kept = keep ?? length;
    const all = sortedRows(last, kept, descending);
    const first = kept < length ? all.slice(...last.shape.slice(1).map(() => null), [0, kept]) : all;
    return x.ndim === 0 ? first.reshape(kept === 1 ? [] : [kept]) : first.transpose(axis, -1);
  });
}

function sortedRows(x: Tensor, keep: number, descending: boolean): Tensor {
  const { shape, device } = x;
  const made = (): Tensor => empty(shape, { dtype: 'int32', device });
  let [out, other] = [made(), made()];
  const length = shape.at(-1)!;
  if (out.numel() === 0 || keep === 0) return out;
  const rows = dense(x);
  const { FLOATING } = elementOf(x.dtype);
  const run = keep <= FEW && device.name === 'cpu' ? length : RUN;
  for (let width = run, first = true; first || width < length; first = false) {
    [out, other] = [other, out];
    device.run(
      'mergeRuns',
      { x: rows.storage.buffer, order: other.storage.buffer, out: out.storage.buffer },
      { size: out.numel(), length, keep, width, offset: rows.offset },
      { FIRST: first, DESCENDING: descending, FLOATING },
    );
    if (!first) width *= 2;
  }
  freeCopy(rows, x);
  return out;
}
