// The mean of each window, and its gradient: see kernels/averagePool.wgsl and averagePoolGradient.wgsl.
//
// Numerics   sums in float64, divided and rounded once.

/** A window of the table: four float64. */
const FIRST: usize = 0;
const ROWS: usize = 8;
const COLUMNS: usize = 16;
const DIVISOR: usize = 24;
const WINDOW: usize = 32;

@unmanaged
export class AveragePoolJob {
  /** Images, or the gradient. */
  x: usize;
  out: usize;
  /** Where the windows of a plane begin in it, their rows and columns, and their divisors. */
  table: usize;
  windows: i32;
  /** Elements of a plane, and of its rows. */
  size: i32;
  width: i32;
  planes: i32;
  taskPlanes: i32;
}

export function averagePoolTask(job: AveragePoolJob, task: i32): void {
  const first = task * job.taskPlanes;
  const last = min(first + job.taskPlanes, job.planes);
  const row = (<usize>job.width) << 2;
  const end = job.table + <usize>job.windows * WINDOW;
  let out = job.out + ((<usize>first * <usize>job.windows) << 2);
  for (let plane = first; plane < last; plane++) {
    const x = job.x + ((<usize>plane * <usize>job.size) << 2);
    for (let window = job.table; window < end; window += WINDOW, out += 4) {
      const columns = (<usize>load<f64>(window, COLUMNS)) << 2;
      let line = x + ((<usize>load<f64>(window, FIRST)) << 2);
      let total: f64 = 0;
      for (let rows = <i32>load<f64>(window, ROWS); rows > 0; rows--, line += row) {
        for (let at = line; at < line + columns; at += 4) total += <f64>load<f32>(at);
      }
      store<f32>(out, <f32>(total / load<f64>(window, DIVISOR)));
    }
  }
}

/** @param scratch size float64 */
export function averagePoolGradientTask(job: AveragePoolJob, task: i32, scratch: usize): void {
  const first = task * job.taskPlanes;
  const last = min(first + job.taskPlanes, job.planes);
  const row = (<usize>job.width) << 3;
  const end = job.table + <usize>job.windows * WINDOW;
  let gradient = job.x + ((<usize>first * <usize>job.windows) << 2);
  let out = job.out + ((<usize>first * <usize>job.size) << 2);
  for (let plane = first; plane < last; plane++) {
    memory.fill(scratch, 0, (<usize>job.size) << 3);
    for (let window = job.table; window < end; window += WINDOW, gradient += 4) {
      const share = <f64>load<f32>(gradient) / load<f64>(window, DIVISOR);
      const columns = (<usize>load<f64>(window, COLUMNS)) << 3;
      let line = scratch + ((<usize>load<f64>(window, FIRST)) << 3);
      for (let rows = <i32>load<f64>(window, ROWS); rows > 0; rows--, line += row) {
        for (let at = line; at < line + columns; at += 8) store<f64>(at, load<f64>(at) + share);
      }
    }
    for (let at = scratch, past = scratch + ((<usize>job.size) << 3); at < past; at += 8, out += 4) {
      store<f32>(out, <f32>load<f64>(at));
    }
  }
}
