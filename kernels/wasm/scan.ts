// Running sums and products along an axis: see kernels/scan.wgsl.
//
// Numerics   float64, and each element rounded once.

@unmanaged
export class ScanJob {
  a: usize;
  x: usize;
  out: usize;
  /** Columns of one axis [length, inner]: a task takes some of them. */
  columns: i32;
  taskColumns: i32;
  length: i32;
  inner: i32;
  scaled: i32;
  shifted: i32;
  reverse: i32;
  initial: f32;
}

/** @param scratch taskColumns float64, unless inner is 1 */
export function scanTask(job: ScanJob, task: i32, scratch: usize): void {
  const inner = job.inner;
  const last = min((task + 1) * job.taskColumns, job.columns);
  for (let column = task * job.taskColumns; column < last;) {
    const outer = column / inner;
    const within = column - outer * inner;
    const count = min(inner - within, last - column);
    const row = (<isize>inner) << 2;
    const lines = job.reverse != 0 ? job.length - 1 : 0;
    const first = ((<usize>outer * <usize>job.length + <usize>lines) * <usize>inner + <usize>within) << 2;
    const step = job.reverse != 0 ? -row : row;
    if (inner == 1) one(job, first, step);
    else several(job, first, step, count, scratch);
    column += count;
  }
}

function one(job: ScanJob, at: usize, step: isize): void {
  let value = <f64>job.initial;
  for (let r = 0; r < job.length; r++, at += <usize>step) {
    if (job.scaled != 0) value *= <f64>load<f32>(job.a + at);
    if (job.shifted != 0) value += <f64>load<f32>(job.x + at);
    store<f32>(job.out + at, <f32>value);
  }
}

/** Adjacent columns, line by line. */
function several(job: ScanJob, at: usize, step: isize, count: i32, values: usize): void {
  const end = values + ((<usize>count) << 3);
  for (let to = values; to < end; to += 8) store<f64>(to, <f64>job.initial);
  for (let r = 0; r < job.length; r++, at += <usize>step) {
    let place = at;
    for (let to = values; to < end; to += 8, place += 4) {
      let value = load<f64>(to);
      if (job.scaled != 0) value *= <f64>load<f32>(job.a + place);
      if (job.shifted != 0) value += <f64>load<f32>(job.x + place);
      store<f64>(to, value);
      store<f32>(job.out + place, <f32>value);
    }
  }
}
