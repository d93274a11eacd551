// Softmax and cross-entropy along rows whose elements follow each other; others are left to the plain twins.

import { checkLabel, RowLosses } from '../crossEntropy.ts';
import type { SimdModule } from './module.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

/** Rows that are shorter are not worth a start of the loop. */
const SHORT = 4;
/** Elements of a task, and how many multiplications of a product one exponential costs. */
const TASK = 8192;
const COST = 12;

export const softmax: SimdTwin<'softmax'> = (module, { x, out }, params, { LOGARITHM = false }) => {
  const { rows, length, inner, offset } = params;
  if (inner > 1 || length < SHORT || !fits(x, out)) return false;
  withPairs(module, rows, (pairs, at) => {
    const job = { x: address(x, offset), pairs: at, pairStride: 2, rows, length };
    runRows(module, 'rowTotals', job);
    for (let row = 0; row < rows; row++) {
      const total = pairs[2 * row + 1]!;
      pairs[2 * row + 1] = LOGARITHM ? Math.log(total) : 1 / total;
    }
    runRows(module, 'softmax', job, [address(out), Number(LOGARITHM)]);
  });
  return true;
};

export const crossEntropy: SimdTwin<'crossEntropy'> = (module, buffers, params, variant) => {
  const { x, labels, weight, losses, rowwise } = buffers;
  const { rows, classes, inner, offset, labelOffset, labelStride, weightOffset, ignoreIndex } = params;
  const { WEIGHTED = false, SMOOTHED = false } = variant;
  if (SMOOTHED || inner > 1 || classes < SHORT || !fits(x, rowwise)) return false;
  runRows(module, 'rowTotals', {
    x: address(x, offset),
    pairs: address(rowwise),
    pairStride: 3,
    rows,
    length: classes,
  });
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
  const scaleOf = (row: number): number => gradient[gradientOffset + row * gradientStride]! / total;
  withPairs(module, rows, (pairs, at) => {
    for (let row = 0; row < rows; row++) {
      pairs[2 * row] = rowwise[3 * row]!;
      pairs[2 * row + 1] = scaleOf(row) * rowwise[3 * row + 2]! * Math.exp(-rowwise[3 * row + 1]!);
    }
    const job = { x: address(x, offset), pairs: at, pairStride: 2, rows, length: classes };
    runRows(module, 'softmax', job, [address(out), 0]);
  });
  for (let row = 0; row < rows; row++) {
    const label = labels[labelOffset + row * labelStride]!;
    if (label === ignoreIndex) continue;
    out[row * classes + label]! -= scaleOf(row) * (WEIGHTED ? weight[weightOffset + label]! : 1);
  }
  return true;
};

/** Two numbers for each row, in memory that is taken back afterwards. */
function withPairs(
  module: SimdModule,
  rows: number,
  use: (pairs: Float32Array, address: number) => void,
): void {
  module.borrow(8 * rows, (at) => use(new Float32Array(module.heap.memory.buffer, at, 2 * rows), at));
}

/** A job of kernels/wasm/softmax.ts; strides are in elements. */
function runRows(
  module: SimdModule,
  kind: 'rowTotals' | 'softmax',
  { x, pairs, pairStride, rows, length }: Record<'x' | 'pairs' | 'pairStride' | 'rows' | 'length', number>,
  further: readonly number[] = [],
): void {
  const taskRows = Math.max(1, Math.floor(TASK / length));
  const plan = { tasks: Math.ceil(rows / taskRows), work: COST * rows * length };
  module.run(kind, [x, pairs, 4 * pairStride, rows, length, taskRows, ...further], plan);
}
