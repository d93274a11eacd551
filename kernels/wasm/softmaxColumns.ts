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
    const lane: usize = count < 4 ? 0 : isOne ? (<usize>length) << 2 : 4;
    four(job.x + at, job.out + at, length, step, lane, job.logarithm != 0);
    row += count < 4 ? 1 : 4;
  }
}

function four(x: usize, out: usize, length: i32, step: usize, lane: usize, logarithm: bool): void {
  let greatest = loadLanes(x, lane);
  let from = x + step;
  for (let i = 1; i < length; i++, from += step) greatest = f32x4.max(greatest, loadLanes(from, lane));
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
