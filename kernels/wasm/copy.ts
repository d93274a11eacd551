// Copies words between any two layouts of four axes.

@unmanaged
export class CopyJob {
  x: usize;
  out: usize;
  /** Rows of all outer axes together; sizes of the last three axes. */
  rows: i32;
  n1: i32;
  n2: i32;
  n3: i32;
  /** Strides in bytes. */
  x0: i32;
  x1: i32;
  x2: i32;
  x3: i32;
  out0: i32;
  out1: i32;
  out2: i32;
  out3: i32;
  taskRows: i32;
}

export function copyTask(job: CopyJob, task: i32): void {
  let row = task * job.taskRows;
  const last = min(row + job.taskRows, job.rows);
  while (row < last) {
    const matrix = row / job.n2;
    const i2 = row - matrix * job.n2;
    const i0 = matrix / job.n1;
    const i1 = matrix - i0 * job.n1;
    let from = job.x + i0 * job.x0 + i1 * job.x1 + i2 * job.x2;
    let to = job.out + i0 * job.out0 + i1 * job.out1 + i2 * job.out2;
    const end = min(row + job.n2 - i2, last);
    for (; row < end; row++, from += job.x2, to += job.out2) copyRow(from, job.x3, to, job.out3, job.n3);
  }
}

@inline
function copyRow(from: usize, step: i32, to: usize, toStep: i32, count: i32): void {
  if (toStep == 4 && count >= 4) {
    const end = to + ((<usize>count) << 2);
    if (step == 4) {
      for (; to + 16 <= end; to += 16, from += 16) v128.store(to, v128.load(from));
    } else if (step == 0) {
      const value = v128.load32_splat(from);
      for (; to + 16 <= end; to += 16) v128.store(to, value);
    }
    for (; to < end; to += 4, from += step) store<u32>(to, load<u32>(from));
    return;
  }
  for (; count > 0; count--, to += toStep, from += step) store<u32>(to, load<u32>(from));
}
