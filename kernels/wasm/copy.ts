// Copies between layouts of up to four axes: see kernels/copy.wgsl. Words are of any kind.

import { loadLanes, storeLanes } from './lanes';
import { transpose } from './pack';
import { copyRun } from './walk';

/** Strides are in bytes. */
@unmanaged
export class CopyJob {
  x: usize;
  x0: i32;
  x1: i32;
  x2: i32;
  x3: i32;
  out: usize;
  out0: i32;
  out1: i32;
  out2: i32;
  out3: i32;
  n1: i32;
  n2: i32;
  n3: i32;
  /** Rows of all matrices, and those of a task. A task that transposes has rows of one matrix. */
  rows: i32;
  taskRows: i32;
}

export function copyRowsTask(job: CopyJob, task: i32): void {
  const first = task * job.taskRows;
  let left = min(job.taskRows, job.rows - first);
  const matrix = first / job.n2;
  let i2 = first - matrix * job.n2;
  let i0 = matrix / job.n1;
  let i1 = matrix - i0 * job.n1;
  while (left > 0) {
    let x = job.x + i0 * job.x0 + i1 * job.x1 + i2 * job.x2;
    let out = job.out + i0 * job.out0 + i1 * job.out1 + i2 * job.out2;
    for (const end = min(job.n2, i2 + left); i2 < end; i2++, left--, x += job.x2, out += job.out2) {
      if (job.out3 == 4) copyRun(x, job.x3, job.n3, out);
      else scatterRun(x, job.x3, job.n3, out, job.out3);
    }
    i2 = 0;
    if (++i1 == job.n1) {
      i1 = 0;
      i0++;
    }
  }
}

function scatterRun(x: usize, step: i32, count: i32, out: usize, outStep: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4, x += 4 * step, out += 4 * outStep) {
    storeLanes(out, outStep, loadLanes(x, step));
  }
  for (; i < count; i++, x += step, out += outStep) store<u32>(out, load<u32>(x));
}

/** Columns of x become rows. Requires adjacent elements along axis 2 of x, and along axis 3 of out. */
export function transposeTask(job: CopyJob, task: i32): void {
  const cuts = (job.n2 + job.taskRows - 1) / job.taskRows;
  const matrix = task / cuts;
  const i0 = matrix / job.n1;
  const i1 = matrix - i0 * job.n1;
  let i = (task - matrix * cuts) * job.taskRows;
  const last = min(i + job.taskRows, job.n2);
  const x = job.x + i0 * job.x0 + i1 * job.x1;
  const out = job.out + i0 * job.out0 + i1 * job.out1;
  // A line of the cache has sixteen elements.
  for (; i < last; i += 16) {
    const rows = min(16, last - i);
    let from = x + (i << 2);
    let to = out + i * job.out2;
    let j = 0;
    for (; j + 4 <= job.n3; j += 4, from += 4 * job.x3, to += 16) {
      let r = 0;
      for (; r + 4 <= rows; r += 4) {
        const at = from + (r << 2);
        const at2 = at + 2 * job.x3;
        transpose(
          v128.load(at),
          v128.load(at + job.x3),
          v128.load(at2),
          v128.load(at2 + job.x3),
          to + r * job.out2,
          job.out2,
        );
      }
      for (; r < rows; r++) v128.store(to + r * job.out2, loadLanes(from + (r << 2), job.x3));
    }
    for (; j < job.n3; j++, from += job.x3, to += 4) {
      for (let r = 0; r < rows; r++) store<u32>(to + r * job.out2, load<u32>(from + (r << 2)));
    }
  }
}
