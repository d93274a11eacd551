// Softmax and cross-entropy along rows of adjacent elements. The plain twins handle others.

import type { TypedArray } from '../../dtypes.ts';
import { checkLabel, RowLosses, shareOf } from '../crossEntropy.ts';
import type { Fields } from './jobs.ts';
import type { Plan, SimdModule } from './module.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

/** Shorter rows are not worth starting the loop. */
const SHORT = 4;
/** Up to this length, rows share vectors with others. */
const NARROW = 32;
/** Elements of a task, and the cost of one exponential in multiplications of a product. */
const TASK = 8192;
const COST = 12;

export const softmax: SimdTwin<'softmax'> = (module, { x, out }, params, { LOGARITHM = false }) => {
  const { rows, length, inner, offset } = params;
  if (!fits(x, out)) return false;
  if (inner > 1 || length <= NARROW) {
    const taskRows = 4 * Math.ceil(TASK / length / 4);
    const plan = { tasks: Math.ceil(rows / taskRows), work: COST * rows * length };
    const fields = { x: address(x, offset), out: address(out), rows, length, inner, taskRows };
    module.run('softmaxColumns', { ...fields, logarithm: Number(LOGARITHM) }, plan);
    return true;
  }
  const pairs = takePairs(module, rows);
  const job = { x: address(x, offset), totals: address(pairs), totalsRow: 8, rows, length };
  runRowTotals(module, job);
  for (let row = 0; row < rows; row++) {
    const total = pairs[2 * row + 1]!;
    pairs[2 * row + 1] = LOGARITHM ? Math.log(total) : 1 / total;
  }
  runSoftmax(module, job, out, LOGARITHM);
  return true;
};

export const crossEntropy: SimdTwin<'crossEntropy'> = (module, buffers, params, variant) => {
  const { x, labels, weight, losses, rowwise } = buffers;
  const { rows, classes, inner, offset, labelOffset, labelStride, weightOffset, ignoreIndex } = params;
  const { WEIGHTED = false, SMOOTHED = false } = variant;
  if (SMOOTHED || inner > 1 || classes < SHORT || !fits(x, rowwise)) return false;
  const totals = { totals: address(rowwise), totalsRow: 12 };
  runRowTotals(module, { x: address(x, offset), ...totals, rows, length: classes });
  const rowLosses = new RowLosses(losses, rows, variant);
  for (let row = 0; row < rows; row++) {
    const label = labels[labelOffset + row * labelStride]!;
    checkLabel(label, row, params);
    const greatest = rowwise[3 * row]!;
    const logTotal = Math.log(rowwise[3 * row + 1]!);
    let [loss, counted] = [0, 0];
    if (label !== ignoreIndex) {
      counted = WEIGHTED ? weight[weightOffset + label]! : 1;
      loss = counted * (greatest - x[offset + row * classes + label]! + logTotal);
    }
    rowLosses.add(row, loss, counted);
    rowwise[3 * row + 1] = logTotal;
    rowwise[3 * row + 2] = counted;
  }
  rowLosses.end();
  return true;
};

export const crossEntropyGradient: SimdTwin<'crossEntropyGradient'> = (module, buffers, params, variant) => {
  const { x, labels, weight, rowwise, gradient, divisor, out } = buffers;
  const { rows, classes, inner, offset, labelOffset, labelStride, ignoreIndex } = params;
  const { weightOffset, gradientOffset, gradientStride, divisorOffset } = params;
  const { WEIGHTED = false, SMOOTHED = false, MEAN = false } = variant;
  if (SMOOTHED || inner > 1 || classes < SHORT || !fits(x, out)) return false;
  const total = MEAN ? divisor[divisorOffset]! : 1;
  const scaleOf = (row: number): number => shareOf(gradient[gradientOffset + row * gradientStride]!, total);
  const pairs = takePairs(module, rows);
  for (let row = 0; row < rows; row++) {
    pairs[2 * row] = rowwise[3 * row]!;
    pairs[2 * row + 1] = scaleOf(row) * rowwise[3 * row + 2]! * Math.exp(-rowwise[3 * row + 1]!);
  }
  const job = { x: address(x, offset), totals: address(pairs), totalsRow: 8, rows, length: classes };
  runSoftmax(module, job, out, false);
  for (let row = 0; row < rows; row++) {
    const label = labels[labelOffset + row * labelStride]!;
    if (label === ignoreIndex) continue;
    out[row * classes + label]! -= scaleOf(row) * (WEIGHTED ? weight[weightOffset + label]! : 1);
  }
  return true;
};

/** Two numbers per row, in working memory. */
function takePairs(module: SimdModule, rows: number): Float32Array {
  return module.floats(module.take(8 * rows), 2 * rows);
}

/** The fields of a job over adjacent rows; `totalsRow` is in bytes. */
type Rows = Omit<Fields['rowTotals'], 'taskRows'>;

function cutRows({ rows, length }: Rows): { taskRows: number; plan: Plan } {
  const taskRows = Math.max(1, Math.floor(TASK / length));
  return { taskRows, plan: { tasks: Math.ceil(rows / taskRows), work: COST * rows * length } };
}

/** The greatest element of each row, and the sum of exponentials: see kernels/wasm/softmax.ts. */
function runRowTotals(module: SimdModule, rows: Rows): void {
  const { taskRows, plan } = cutRows(rows);
  module.run('rowTotals', { ...rows, taskRows }, plan);
}

function runSoftmax(module: SimdModule, rows: Rows, out: TypedArray, linear: boolean): void {
  const { taskRows, plan } = cutRows(rows);
  module.run('softmax', { ...rows, taskRows, out: address(out), linear: Number(linear) }, plan);
}
