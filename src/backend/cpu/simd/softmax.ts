// Softmax and cross-entropy along rows of adjacent elements. Those of images are copied to such rows first.

import type { TypedArray } from '../../dtypes.ts';
import type { Vec4 } from '../../signatures.ts';
import { copy as copyTwin } from '../copy.ts';
import { checkLabel, RowLosses, shareOf } from '../crossEntropy.ts';
import { copy } from './copy.ts';
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
  if (!LOGARITHM) {
    runRowTotals(module, job, out);
    return true;
  }
  runRowTotals(module, job);
  for (let row = 0; row < rows; row++) pairs[2 * row + 1] = Math.log(pairs[2 * row + 1]!);
  runSoftmax(module, job, out, true);
  return true;
};

export const crossEntropy: SimdTwin<'crossEntropy'> = (module, buffers, params, variant) => {
  const { x, labels, weight, losses, rowwise } = buffers;
  const { rows, classes, inner, offset, labelOffset, labelStride, weightOffset, ignoreIndex } = params;
  const { smoothing } = params;
  const { WEIGHTED = false, SMOOTHED = false } = variant;
  if (classes < SHORT || !fits(x, rowwise)) return false;
  const logits = inner > 1 ? module.floats(module.take(4 * rows * classes), rows * classes) : x;
  const start = inner > 1 ? 0 : offset;
  if (inner > 1) turn(module, params, { x, offset }, { x: logits, offset: 0 });
  const totals = { totals: address(rowwise), totalsRow: 12 };
  runRowTotals(module, { x: address(logits, start), ...totals, rows, length: classes });
  const weightOf = (index: number): number => (WEIGHTED ? weight[weightOffset + index]! : 1);
  const rowLosses = new RowLosses(losses, rows, variant);
  for (let row = 0; row < rows; row++) {
    const label = labels[labelOffset + row * labelStride]!;
    checkLabel(label, row, params);
    const greatest = rowwise[3 * row]!;
    const logTotal = Math.log(rowwise[3 * row + 1]!);
    const first = start + row * classes;
    let [loss, counted, share] = [0, 0, 0];
    if (label !== ignoreIndex) {
      counted = share = weightOf(label);
      loss = counted * (greatest - logits[first + label]! + logTotal);
    }
    if (SMOOTHED && label !== ignoreIndex) {
      let [distances, weights] = [0, 0];
      for (let j = 0; j < classes; j++) {
        distances += weightOf(j) * (greatest - logits[first + j]!);
        weights += weightOf(j);
      }
      const spread = smoothing / classes;
      share = (1 - smoothing) * counted + spread * weights;
      loss = (1 - smoothing) * loss + spread * (distances + weights * logTotal);
    }
    rowLosses.add(row, loss, counted);
    rowwise[3 * row + 1] = logTotal;
    rowwise[3 * row + 2] = share;
  }
  rowLosses.end();
  return true;
};

export const crossEntropyGradient: SimdTwin<'crossEntropyGradient'> = (module, buffers, params, variant) => {
  const { x, labels, weight, rowwise, gradient, divisor, out } = buffers;
  const { rows, classes, inner, offset, labelOffset, labelStride, ignoreIndex } = params;
  const { weightOffset, gradientOffset, gradientStride, divisorOffset } = params;
  const { WEIGHTED = false, SMOOTHED = false, MEAN = false } = variant;
  if (classes < SHORT || !fits(x, out)) return false;
  const isTurned = inner > 1;
  const total = MEAN ? divisor[divisorOffset]! : 1;
  const scaleOf = (row: number): number => shareOf(gradient[gradientOffset + row * gradientStride]!, total);
  const pairs = takePairs(module, rows);
  for (let row = 0; row < rows; row++) {
    pairs[2 * row] = rowwise[3 * row]!;
    pairs[2 * row + 1] = scaleOf(row) * rowwise[3 * row + 2]! * Math.exp(-rowwise[3 * row + 1]!);
  }
  const logits = isTurned ? module.floats(module.take(4 * rows * classes), rows * classes) : x;
  if (isTurned) turn(module, params, { x, offset }, { x: logits, offset: 0 });
  const found = isTurned ? logits : out;
  const start = address(logits, isTurned ? 0 : offset);
  runSoftmax(module, { x: start, totals: address(pairs), totalsRow: 8, rows, length: classes }, found, false);
  const spread = SMOOTHED ? params.smoothing / classes : 0;
  for (let row = 0; row < rows; row++) {
    const label = labels[labelOffset + row * labelStride]!;
    if (label === ignoreIndex) continue;
    const scale = scaleOf(row);
    const first = row * classes;
    if (SMOOTHED) {
      for (let j = 0; j < classes; j++) {
        found[first + j]! -= scale * spread * (WEIGHTED ? weight[weightOffset + j]! : 1);
      }
    }
    const kept = SMOOTHED ? 1 - params.smoothing : 1;
    found[first + label]! -= scale * kept * (WEIGHTED ? weight[weightOffset + label]! : 1);
  }
  if (isTurned) turn(module, params, { x: out, offset: 0 }, { x: logits, offset: 0 }, true);
  return true;
};

/** Elements whose rows lie `inner` apart. */
interface Place {
  readonly x: TypedArray;
  readonly offset: number;
}

/** Copies logits [outer, classes, inner] to rows [outer, inner, classes], or back. */
function turn(
  module: SimdModule,
  { rows, classes, inner }: { rows: number; classes: number; inner: number },
  images: Place,
  turned: Place,
  back: boolean = false,
): void {
  const outer = rows / inner;
  const size = rows * classes;
  const ofImages: Vec4 = [size, classes * inner, 1, inner];
  const ofRows: Vec4 = [size, classes * inner, classes, 1];
  const [from, to] = back ? [turned, images] : [images, turned];
  const params = {
    size,
    xOffset: from.offset,
    outOffset: to.offset,
    // The destination's rows are the inner axis.
    shape: (back ? [1, outer, classes, inner] : [1, outer, inner, classes]) as Vec4,
    xStrides: back ? ([size, classes * inner, 1, classes] as Vec4) : ofImages,
    outStrides: back ? ([size, classes * inner, inner, 1] as Vec4) : ofRows,
  };
  if (!copy(module, { x: from.x, out: to.x }, params, {})) copyTwin({ x: from.x, out: to.x }, params, {});
}

/** Two numbers per row, in working memory. */
function takePairs(module: SimdModule, rows: number): Float32Array {
  return module.floats(module.take(8 * rows), 2 * rows);
}

/** The fields of a job over adjacent rows; `totalsRow` is in bytes. */
type Rows = Omit<Fields['rowTotals'], 'taskRows' | 'out'>;

function cutRows({ rows, length }: Rows): { taskRows: number; plan: Plan } {
  const taskRows = Math.max(1, Math.floor(TASK / length));
  return { taskRows, plan: { tasks: Math.ceil(rows / taskRows), work: COST * rows * length } };
}

/** The greatest element of each row, and the sum of exponentials, or the softmax: see kernels/wasm/softmax.ts. */
function runRowTotals(module: SimdModule, rows: Rows, out?: TypedArray): void {
  const { taskRows, plan } = cutRows(rows);
  module.run('rowTotals', { ...rows, taskRows, out: out ? address(out) : 0 }, plan);
}

function runSoftmax(module: SimdModule, rows: Rows, out: TypedArray, linear: boolean): void {
  const { taskRows, plan } = cutRows(rows);
  module.run('softmax', { ...rows, taskRows, out: address(out), linear: Number(linear) }, plan);
}
