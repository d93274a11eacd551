// Softmax along any axis, four rows at a time, each in a lane.
//
// Numerics   exponentials in float32, their sums in float64. A NaN makes its row NaN.

import { exp, log } from './functions';
import { loadLanes, storeLanes } from './lanes';

/** Rows lie `inner` · `length` elements apart, in groups of `inner` rows whose elements alternate. */
@unmanaged
export class SoftmaxColumnsJob {
  x: usize;
  out: usize;
  rows: i32;
  length: i32;
  inner: i32;
  taskRows: i32;
  logarithm: i32;
}

export function softmaxColumnsTask(job: SoftmaxColumnsJob, task: i32): void {
  const inner = job.inner;
  const length = job.length;
  const step = (<usize>inner) << 2;
  const last = min((task + 1) * job.taskRows, job.rows);
  for (let row = task * job.taskRows; row < last;) {
    const outer = row / inner;
    const within = row - outer * inner;
    const at = ((<usize>(outer * length)) * <usize>inner + <usize>within) << 2;
    // Lanes that do not exist repeat the first.
    const isOne = inner == 1;
    const count = isOne ? last - row : min(inner - within, last - row);
    if (isOne && count >= 4 && length >= 4) {
      fourRows(job.x + at, job.out + at, length, job.logarithm != 0);
      row += 4;
      continue;
    }
    const lane: usize = count < 4 ? 0 : isOne ? (<usize>length) << 2 : 4;
    four(job.x + at, job.out + at, length, step, lane, job.logarithm != 0);
    row += count < 4 ? 1 : 4;
  }
}

function four(x: usize, out: usize, length: i32, step: usize, lane: usize, logarithm: bool): void {
  // Of numbers that are not NaN: NaN reaches the sum.
  let greatest = loadLanes(x, lane);
  let from = x + step;
  for (let i = 1; i < length; i++, from += step) greatest = f32x4.pmax(loadLanes(from, lane), greatest);
  let low = f64x2.splat(0);
  let high = low;
  from = x;
  let to = out;
  for (let i = 0; i < length; i++, from += step, to += step) {
    const difference = f32x4.sub(loadLanes(from, lane), greatest);
    const term = exp(difference);
    low = f64x2.add(low, f64x2.promote_low_f32x4(term));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f32>(term, term, 2, 3, 2, 3)));
    storeLanes(to, lane, logarithm ? difference : term);
  }
  const total = v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
  const shift = logarithm ? log(total) : f32x4.splat(0);
  const factor = logarithm ? f32x4.splat(1) : f32x4.div(f32x4.splat(1), total);
  to = out;
  for (let i = 0; i < length; i++, to += step) {
    storeLanes(to, lane, f32x4.mul(f32x4.sub(loadLanes(to, lane), shift), factor));
  }
}

/**
 * Four adjacent rows of at least four elements, with the bits of `four`. Blocks of four columns are transposed, and lie so in
 * the result until its last pass.
 */
function fourRows(x: usize, out: usize, length: i32, logarithm: bool): void {
  const row = (<usize>length) << 2;
  const whole = (<usize>(length & ~3)) << 2;
  let a = v128.load(x);
  let b = v128.load(x + row);
  let c = v128.load(x + 2 * row);
  let d = v128.load(x + 3 * row);
  for (let at: usize = 16; at < row; at += 16) {
    // The last block may overlap the one before.
    const from = x + min(at, row - 16);
    a = f32x4.pmax(v128.load(from), a);
    b = f32x4.pmax(v128.load(from + row), b);
    c = f32x4.pmax(v128.load(from + 2 * row), c);
    d = f32x4.pmax(v128.load(from + 3 * row), d);
  }
  const greatest = f32x4.pmax(
    f32x4.pmax(columnOf(0, a, b, c, d), columnOf(1, a, b, c, d)),
    f32x4.pmax(columnOf(2, a, b, c, d), columnOf(3, a, b, c, d)),
  );
  let low = f64x2.splat(0);
  let high = low;
  for (let at: usize = 0; at < whole; at += 16) {
    const from = x + at;
    const to = out + at;
    a = f32x4.sub(v128.load(from), v128.shuffle<f32>(greatest, greatest, 0, 0, 0, 0));
    b = f32x4.sub(v128.load(from + row), v128.shuffle<f32>(greatest, greatest, 1, 1, 1, 1));
    c = f32x4.sub(v128.load(from + 2 * row), v128.shuffle<f32>(greatest, greatest, 2, 2, 2, 2));
    d = f32x4.sub(v128.load(from + 3 * row), v128.shuffle<f32>(greatest, greatest, 3, 3, 3, 3));
    storeColumns(to, row, a, b, c, d);
    for (let line = to, end = to + 4 * row; line < end; line += row) {
      const term = exp(v128.load(line));
      if (!logarithm) v128.store(line, term);
      low = f64x2.add(low, f64x2.promote_low_f32x4(term));
      high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f32>(term, term, 2, 3, 2, 3)));
    }
  }
  for (let at = whole; at < row; at += 4) {
    const difference = f32x4.sub(loadLanes(x + at, row), greatest);
    const term = exp(difference);
    low = f64x2.add(low, f64x2.promote_low_f32x4(term));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f32>(term, term, 2, 3, 2, 3)));
    storeLanes(out + at, row, logarithm ? difference : term);
  }
  const total = v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
  const shift = logarithm ? log(total) : f32x4.splat(0);
  const factor = logarithm ? f32x4.splat(1) : f32x4.div(f32x4.splat(1), total);
  for (let at: usize = 0; at < whole; at += 16) {
    const to = out + at;
    a = f32x4.mul(f32x4.sub(v128.load(to), shift), factor);
    b = f32x4.mul(f32x4.sub(v128.load(to + row), shift), factor);
    c = f32x4.mul(f32x4.sub(v128.load(to + 2 * row), shift), factor);
    d = f32x4.mul(f32x4.sub(v128.load(to + 3 * row), shift), factor);
    storeColumns(to, row, a, b, c, d);
  }
  for (let at = whole; at < row; at += 4) {
    storeLanes(out + at, row, f32x4.mul(f32x4.sub(loadLanes(out + at, row), shift), factor));
  }
}

/** Stores the columns of the matrix with these rows. */
@inline
function storeColumns(to: usize, row: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(to, columnOf(0, a, b, c, d));
  v128.store(to + row, columnOf(1, a, b, c, d));
  v128.store(to + 2 * row, columnOf(2, a, b, c, d));
  v128.store(to + 3 * row, columnOf(3, a, b, c, d));
}

@inline
function columnOf(index: i32, a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = index < 2 ? v128.shuffle<f32>(a, b, 0, 4, 1, 5) : v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd = index < 2 ? v128.shuffle<f32>(c, d, 0, 4, 1, 5) : v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  return (index & 1) == 0 ? v128.shuffle<f32>(ab, cd, 0, 1, 4, 5) : v128.shuffle<f32>(ab, cd, 2, 3, 6, 7);
}
