// Small passes over rows.
//
// Numerics   as the plain twins: float64 sums, rows ascending, and one rounding per float32 result.

/** out = relu(out + bias), each if requested, in rows `stride` bytes apart. NaN stays. */
export function addEpilogue(
  to: usize,
  stride: usize,
  bias: usize,
  rows: i32,
  columns: i32,
  hasBias: i32,
  relu: i32,
): void {
  const whole = columns & ~3;
  const least = f32x4.splat(relu ? 0 : -Infinity);
  for (let row = 0; row < rows; row++, to += stride) {
    let at = bias;
    let out = to;
    let j = 0;
    for (; j < whole; j += 4, out += 16, at += 16) {
      let value = v128.load(out);
      if (hasBias) value = f32x4.add(value, v128.load(at));
      v128.store(out, v128.bitselect(least, value, f32x4.lt(value, least)));
    }
    for (; j < columns; j++, out += 4, at += 4) {
      let value = load<f32>(out);
      if (hasBias) value += load<f32>(at);
      store<f32>(out, relu && value < 0 ? 0 : value);
    }
  }
}

@unmanaged
export class ReluGradientJob {
  y: usize;
  gradient: usize;
  out: usize;
  sums: usize;
  rows: i32;
  columns: i32;
  /** Rows per sum. */
  chunk: i32;
  taskColumns: i32;
}

/**
 * out = gradient where relu was active, and the sums of its columns: sums[c, j] = Σ_i out[i, j], i in chunk c. A task
 * computes `taskColumns` columns of one chunk.
 */
export function reluGradientTask(job: ReluGradientJob, task: i32): void {
  const tasks = (job.columns + job.taskColumns - 1) / job.taskColumns;
  const part = task / tasks;
  const first = part * job.chunk;
  const rows = min(job.chunk, job.rows - first);
  const line = (<usize>job.columns) << 2;
  const start = <usize>first * line;
  const y = job.y + start;
  const gradient = job.gradient + start;
  const out = job.out + start;
  let j = (task % tasks) * job.taskColumns;
  const columns = min(j + job.taskColumns, job.columns);
  let sums = job.sums + <usize>part * line + ((<usize>j) << 2);
  for (; j + 4 <= columns; j += 4, sums += 16) {
    let low = f64x2.splat(0);
    let high = low;
    let at = (<usize>j) << 2;
    for (let i = 0; i < rows; i++, at += line) {
      const stopped = f32x4.le(v128.load(y + at), f32x4.splat(0));
      const passed = v128.andnot(v128.load(gradient + at), stopped);
      v128.store(out + at, passed);
      low = f64x2.add(low, f64x2.promote_low_f32x4(passed));
      high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f32>(passed, passed, 2, 3, 2, 3)));
    }
    const bottom = f32x4.demote_f64x2_zero(low);
    v128.store(sums, v128.shuffle<f32>(bottom, f32x4.demote_f64x2_zero(high), 0, 1, 4, 5));
  }
  for (; j < columns; j++, sums += 4) {
    let total: f64 = 0;
    let at = (<usize>j) << 2;
    for (let i = 0; i < rows; i++, at += line) {
      const passed: f32 = load<f32>(y + at) <= 0 ? 0 : load<f32>(gradient + at);
      store<f32>(out + at, passed);
      total += <f64>passed;
    }
    store<f32>(sums, <f32>total);
  }
}

/** out = (byte - center) · scale, rounded twice as in the kernels. */
export function normaliseBytes(bytes: usize, count: i32, center: f32, scale: f32, out: usize): void {
  const end = bytes + <usize>count;
  for (; bytes + 4 <= end; bytes += 4, out += 16) {
    const whole = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(bytes)));
    const centered = f32x4.sub(f32x4.convert_i32x4_s(whole), f32x4.splat(center));
    v128.store(out, f32x4.mul(centered, f32x4.splat(scale)));
  }
  for (; bytes < end; bytes++, out += 4) {
    store<f32>(out, (<f32>(<i32>load<u8>(bytes)) - center) * scale);
  }
}
