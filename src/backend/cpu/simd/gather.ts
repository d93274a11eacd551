import type { Params } from '../../backend.ts';
import type { TypedArray } from '../../dtypes.ts';
import { codes } from '../../signatures.ts';
import type { SimdModule } from './module.ts';
import { address, areWords, fits, type SimdTwin } from './simdTwin.ts';

/** Elements of a task, and the cost of one in multiplications of a product. */
const TASK = 8192;
const COST = 8;

export const gather: SimdTwin<'gather'> = (module, { x, indices, out }, params) => {
  if (!areWords(x, indices, out)) return false;
  const { size, inner, offset } = params;
  const rows = size / inner;
  const taskRows = Math.max(1, Math.floor(TASK / inner));
  const fields = {
    ...walkOf(indices, params),
    x: address(x, offset),
    out: address(out),
    rows,
    taskRows,
  };
  return checked(module, (wrong) =>
    module.run('gather', { ...fields, wrong }, { tasks: Math.ceil(rows / taskRows), work: COST * size }),
  );
};

export const indexOrder: SimdTwin<'indexOrder'> = (module, { indices, ends, order }, params) => {
  if (!areWords(indices, ends, order)) return false;
  const { size, ranges, count } = params;
  const columns = size / ranges;
  const fields = { ...walkOf(indices, params), ends: address(ends), order: address(order) };
  return checked(module, (wrong) =>
    module.run('indexOrder', { ...fields, wrong }, { tasks: columns, work: COST * columns * count }),
  );
};

export const scatterAddOrdered: SimdTwin<'scatterAddOrdered'> = (
  module,
  { x, ends, order, out },
  { size, length, count, inner, offset },
  { SHARED = false },
) => {
  if (!fits(x, out) || !areWords(ends, order)) return false;
  const rows = size / inner;
  const taskRows = Math.max(1, Math.floor(TASK / inner));
  const fields = {
    x: address(x, offset),
    ends: address(ends),
    order: address(order),
    out: address(out),
    length,
    count,
    inner,
    rows,
    taskRows,
    shared: Number(SHARED),
  };
  module.run('scatterAdd', fields, { tasks: Math.ceil(rows / taskRows), work: COST * size });
  return true;
};

/** Working memory for the sums of a thread: beyond, the plain twin takes the host's. */
const MOST_SCRATCH = 2 ** 28;

export const scatterAdd: SimdTwin<'scatterAdd'> = (module, { x, indices, out }, params) => {
  if (!fits(x, out) || !areWords(indices)) return false;
  const { size, length, count, inner, offset } = params;
  const scratch = 8 * length * inner;
  if (scratch > MOST_SCRATCH) return false;
  const outer = size / (length * inner);
  const taskOuter = Math.max(1, Math.floor(TASK / (Math.max(length, count) * inner)));
  const fields = {
    ...walkOf(indices, params),
    x: address(x, offset),
    out: address(out),
    outer,
    taskOuter,
  };
  const plan = {
    tasks: Math.ceil(outer / taskOuter),
    work: COST * outer * (length + count) * inner,
    scratch,
  };
  return checked(module, (wrong) => module.run('places', { ...fields, wrong }, plan));
};

/** What is added to an operation for whole numbers: see kernels/wasm/gather.ts. */
const WHOLE = 4;

export const scatterFold: SimdTwin<'scatterFold'> = (module, buffers, params, variant) => {
  const { base, x, order, out } = buffers;
  const { OPERATION = 0, INCLUDED = true, BY_PLACE = false } = variant;
  if (!BY_PLACE || !areWords(base, x, order, out)) return false;
  const { size, length, count, inner, baseOffset, offset } = params;
  const scratch = OPERATION === codes.scatterFold.PROD ? 8 * length * inner : 0;
  if (scratch > MOST_SCRATCH) return false;
  const outer = size / (length * inner);
  const taskOuter = Math.max(1, Math.floor(TASK / (Math.max(length, count) * inner)));
  const fields = {
    ...walkOf(order, params),
    included: Number(INCLUDED),
    operation:
      OPERATION === codes.scatterFold.LAST || out instanceof Float32Array ? OPERATION : WHOLE + OPERATION,
    base: address(base, baseOffset),
    x: address(x, offset),
    out: address(out),
    outer,
    taskOuter,
  };
  const plan = { tasks: Math.ceil(outer / taskOuter), work: COST * (size + outer * count * inner), scratch };
  return checked(module, (wrong) => module.run('scatterFold', { ...fields, wrong }, plan));
};

type IndexWalk = Omit<Params<'scatterAdd'>, 'size' | 'offset'>;

/** How the jobs walk over an index. */
function walkOf(
  indices: TypedArray,
  { length, count, inner, indexOffset, outerStride, countStride, innerStride }: IndexWalk,
): Omit<IndexWalk, 'indexOffset'> & { indices: number } {
  const walk = { length, count, inner, outerStride, countStride, innerStride };
  return { indices: address(indices, indexOffset), ...walk };
}

/** Whether no index was out of range. The plain twin reports those that are. */
export function checked(module: SimdModule, run: (wrong: number) => void): boolean {
  const wrong = module.words(module.take(4), 1);
  wrong[0] = 0;
  run(wrong.byteOffset);
  return wrong[0] === 0;
}
