// Softmax and cross-entropy along contiguous rows: see kernels/softmax.wgsl and kernels/crossEntropy.wgsl.
//
// Numerics   exponentials in float32, two of which are added; sums of these in float64. A NaN makes its row NaN.

import { exponential } from './exponential';

/** The greatest element m of each row, and the sum of e^(x - m). */
@unmanaged
export class RowTotalsJob {
  x: usize;
  /** Where the two numbers of a row go, and the bytes between two rows. */
  totals: usize;
  totalsRow: usize;
  rows: i32;
  length: i32;
  taskRows: i32;
  /** Where the softmax of the rows goes, or 0. */
  out: usize;
}

export function rowTotalsTask(job: RowTotalsJob, task: i32): void {
  const last = min((task + 1) * job.taskRows, job.rows);
  for (let row = task * job.taskRows; row < last; row++) {
    const x = job.x + ((<usize>row * <usize>job.length) << 2);
    const totals = job.totals + <usize>row * job.totalsRow;
    const greatest = greatestOf(x, job.length);
    store<f32>(totals, greatest);
    if (job.out == 0) {
      store<f32>(totals, <f32>sumOfExponentials(false, x, job.length, f32x4.splat(greatest), 0), 4);
    } else {
      const out = job.out + ((<usize>row * <usize>job.length) << 2);
      const total = <f32>sumOfExponentials(true, x, job.length, f32x4.splat(greatest), out);
      scaleRow(out, job.length, 1 / total);
    }
  }
}

export function scaleRow(x: usize, count: i32, factor: f32): void {
  const whole = x + (<usize>(count & ~3) << 2);
  const end = x + (<usize>count << 2);
  for (; x < whole; x += 16) v128.store(x, f32x4.mul(f32x4.splat(factor), v128.load(x)));
  for (; x < end; x += 4) store<f32>(x, factor * load<f32>(x));
}

/**
 * The greatest number of a row that is not NaN; NaN reaches the sum of exponentials. `pmax` is one instruction, where `max`
 * takes ten, and four maxima do not wait for each other.
 */
export function greatestOf(x: usize, count: i32): f32 {
  let greatest = v128.load_splat<f32>(x);
  let second = greatest;
  let third = greatest;
  let fourth = greatest;
  const blocks = x + (<usize>(count & ~15) << 2);
  const whole = x + (<usize>(count & ~3) << 2);
  const end = x + (<usize>count << 2);
  for (; x < blocks; x += 64) {
    greatest = f32x4.pmax(v128.load(x), greatest);
    second = f32x4.pmax(v128.load(x, 16), second);
    third = f32x4.pmax(v128.load(x, 32), third);
    fourth = f32x4.pmax(v128.load(x, 48), fourth);
  }
  greatest = f32x4.pmax(f32x4.pmax(greatest, second), f32x4.pmax(third, fourth));
  for (; x < whole; x += 16) greatest = f32x4.pmax(v128.load(x), greatest);
  for (; x < end; x += 4) greatest = f32x4.pmax(v128.load_splat<f32>(x), greatest);
  greatest = f32x4.pmax(greatest, v128.shuffle<i32>(greatest, greatest, 2, 3, 0, 1));
  greatest = f32x4.pmax(greatest, v128.shuffle<i32>(greatest, greatest, 1, 0, 3, 2));
  return f32x4.extract_lane(greatest, 0);
}

/** Inlined, so that each kind has a loop of its own. Stores the terms, if `stores`. */
@inline
export function sumOfExponentials(stores: bool, x: usize, count: i32, greatest: v128, out: usize): f64 {
  let low = f64x2.splat(0);
  let high = f64x2.splat(0);
  const pairs = x + (<usize>(count & ~7) << 2);
  const whole = x + (<usize>(count & ~3) << 2);
  const end = x + (<usize>count << 2);
  while (x < pairs) {
    const first = exponential(f32x4.sub(v128.load(x), greatest));
    if (stores) v128.store(out, first);
    const second = exponential(f32x4.sub(v128.load(x, 16), greatest));
    if (stores) v128.store(out, second, 16);
    const terms = f32x4.add(first, second);
    low = f64x2.add(low, f64x2.promote_low_f32x4(terms));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<i32>(terms, terms, 2, 3, 0, 1)));
    x += 32;
    if (stores) out += 32;
  }
  if (x < whole) {
    const terms = exponential(f32x4.sub(v128.load(x), greatest));
    if (stores) v128.store(out, terms);
    if (stores) out += 16;
    low = f64x2.add(low, f64x2.promote_low_f32x4(terms));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<i32>(terms, terms, 2, 3, 0, 1)));
    x = whole;
  }
  const both = f64x2.add(low, high);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; x < end; x += 4) {
    const term = exponential(f32x4.sub(v128.load_splat<f32>(x), greatest));
    if (stores) store<f32>(out, f32x4.extract_lane(term, 0));
    if (stores) out += 4;
    sum += <f64>f32x4.extract_lane(term, 0);
  }
  return sum;
}

/**
 * out[r, j] = x[r, j] - shift_r - factor_r, where (shift_r, factor_r) is at the place of the two numbers of
 * `rowTotals`.
 */
@unmanaged
export class SoftmaxJob {
  x: usize;
  totals: usize;
  totalsRow: usize;
  rows: i32;
  length: i32;
  taskRows: i32;
  out: usize;
}

export function softmaxTask(job: SoftmaxJob, task: i32): void {
  const last = min((task + 1) * job.taskRows, job.rows);
  for (let row = task * job.taskRows; row < last; row++) {
    const start = (<usize>row * <usize>job.length) << 2;
    const totals = job.totals + <usize>row * job.totalsRow;
    const shift = v128.load_splat<f32>(totals);
    const factor = v128.load_splat<f32>(totals, 4);
    spread(true, job.x + start, job.out + start, job.length, shift, factor);
  }
}

/** factor · e^(x - shift) of a row, or with `linear` x - shift - factor. */
@inline
export function spread(linear: bool, x: usize, out: usize, count: i32, shift: v128, factor: v128): void {
  const whole = x + (<usize>(count & ~3) << 2);
  const end = x + (<usize>count << 2);
  while (x < whole) {
    v128.store(out, shifted(linear, v128.load(x), shift, factor));
    x += 16;
    out += 16;
  }
  while (x < end) {
    store<f32>(out, f32x4.extract_lane(shifted(linear, v128.load_splat<f32>(x), shift, factor), 0));
    x += 4;
    out += 4;
  }
}

@inline
function shifted(linear: bool, x: v128, shift: v128, factor: v128): v128 {
  const difference = f32x4.sub(x, shift);
  return linear ? f32x4.sub(difference, factor) : f32x4.mul(factor, exponential(difference));
}
