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
  // Four vectors are a line of the cache.
  for (; j + 16 <= columns; j += 16, sums += 64) reluGradientColumns(y, gradient, out, sums, line, j, rows, 4);
  for (; j + 4 <= columns; j += 4, sums += 16) reluGradientColumns(y, gradient, out, sums, line, j, rows, 1);
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

/** One or four vectors of columns. */
@inline
function reluGradientColumns(
  y: usize,
  gradient: usize,
  out: usize,
  sums: usize,
  line: usize,
  column: i32,
  rows: i32,
  vectors: i32,
): void {
  const zero = f64x2.splat(0);
  let low0 = zero;
  let low1 = zero;
  let low2 = zero;
  let low3 = zero;
  let high0 = zero;
  let high1 = zero;
  let high2 = zero;
  let high3 = zero;
  let at = (<usize>column) << 2;
  for (let i = 0; i < rows; i++, at += line) {
    const passed0 = passed(y + at, gradient + at, out + at);
    low0 = f64x2.add(low0, lowHalf(passed0));
    high0 = f64x2.add(high0, highHalf(passed0));
    if (vectors == 1) continue;
    const passed1 = passed(y + at + 16, gradient + at + 16, out + at + 16);
    low1 = f64x2.add(low1, lowHalf(passed1));
    high1 = f64x2.add(high1, highHalf(passed1));
    const passed2 = passed(y + at + 32, gradient + at + 32, out + at + 32);
    low2 = f64x2.add(low2, lowHalf(passed2));
    high2 = f64x2.add(high2, highHalf(passed2));
    const passed3 = passed(y + at + 48, gradient + at + 48, out + at + 48);
    low3 = f64x2.add(low3, lowHalf(passed3));
    high3 = f64x2.add(high3, highHalf(passed3));
  }
  storeTotals(sums, low0, high0);
  if (vectors == 1) return;
  storeTotals(sums + 16, low1, high1);
  storeTotals(sums + 32, low2, high2);
  storeTotals(sums + 48, low3, high3);
}

/** Stores and returns four elements of the gradient, or 0 where relu was not active. */
@inline
function passed(y: usize, gradient: usize, out: usize): v128 {
  const value = v128.andnot(v128.load(gradient), f32x4.le(v128.load(y), f32x4.splat(0)));
  v128.store(out, value);
  return value;
}

@inline
function lowHalf(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}

@inline
function highHalf(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f32>(x, x, 2, 3, 2, 3));
}

@inline
function storeTotals(sums: usize, low: v128, high: v128): void {
  const bottom = f32x4.demote_f64x2_zero(low);
  v128.store(sums, v128.shuffle<f32>(bottom, f32x4.demote_f64x2_zero(high), 0, 1, 4, 5));
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
