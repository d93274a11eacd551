// Sums in float64, rounded once.
//
//   out[c, o] = Σ_p x[o, p],   p in [c·chunk, min((c+1)·chunk, length))
//
// A task computes `taskOutputs` outputs of one chunk. Several sums run at the same time, because each addition waits
// for the one before.

/** Offsets and strides are in elements, as in kernels/reduce.wgsl. */
@unmanaged
export class ReduceJob {
  x: usize;
  out: usize;
  outputs: i32;
  length: i32;
  chunk: i32;
  keptSize: i32;
  reducedSize: i32;
  keptOuter: i32;
  keptInner: i32;
  reducedOuter: i32;
  reducedInner: i32;
  taskOutputs: i32;
}

/** Sums of runs of consecutive elements, `reducedSize` at a time. */
export function runSumsTask(job: ReduceJob, task: i32): void {
  const tasks = (job.outputs + job.taskOutputs - 1) / job.taskOutputs;
  const start = (task / tasks) * job.chunk;
  const end = min(start + job.chunk, job.length);
  const first = (task % tasks) * job.taskOutputs;
  const last = min(first + job.taskOutputs, job.outputs);
  let out = job.out + ((<usize>((task / tasks) * job.outputs + first)) << 2);
  for (let output = first; output < last; output++, out += 4) {
    const from = (output / job.keptSize) * job.keptOuter + (output % job.keptSize) * job.keptInner;
    let total: f64 = 0;
    for (let position = start; position < end;) {
      const run = position / job.reducedSize;
      const within = position - run * job.reducedSize;
      const count = min(job.reducedSize - within, end - position);
      total += sumRun(job.x + ((<usize>(from + run * job.reducedOuter + within)) << 2), count);
      position += count;
    }
    store<f32>(out, <f32>total);
  }
}

/** Sums of rows of consecutive elements, `reducedInner` elements apart. */
export function rowSumsTask(job: ReduceJob, task: i32): void {
  const tasks = (job.outputs + job.taskOutputs - 1) / job.taskOutputs;
  const start = (task / tasks) * job.chunk;
  const rows = min(job.chunk, job.length - start);
  const first = (task % tasks) * job.taskOutputs;
  const columns = min(job.taskOutputs, job.outputs - first);
  const stride = (<usize>job.reducedInner) << 2;
  const out = job.out + ((<usize>((task / tasks) * job.outputs + first)) << 2);
  sumRows(job.x + <usize>start * stride + ((<usize>first) << 2), rows, stride, columns, out);
}

/** The sum of consecutive numbers, in sixteen interleaved sums. */
export function sumRun(x: usize, count: i32): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  const sixteens = x + ((<usize>(count & ~15)) << 2);
  const whole = x + ((<usize>(count & ~3)) << 2);
  const end = x + ((<usize>count) << 2);
  for (; x < sixteens; x += 64) {
    s0 = f64x2.add(s0, f64x2.promote_low_f32x4(v128.load64_zero(x)));
    s1 = f64x2.add(s1, f64x2.promote_low_f32x4(v128.load64_zero(x, 8)));
    s2 = f64x2.add(s2, f64x2.promote_low_f32x4(v128.load64_zero(x, 16)));
    s3 = f64x2.add(s3, f64x2.promote_low_f32x4(v128.load64_zero(x, 24)));
    s4 = f64x2.add(s4, f64x2.promote_low_f32x4(v128.load64_zero(x, 32)));
    s5 = f64x2.add(s5, f64x2.promote_low_f32x4(v128.load64_zero(x, 40)));
    s6 = f64x2.add(s6, f64x2.promote_low_f32x4(v128.load64_zero(x, 48)));
    s7 = f64x2.add(s7, f64x2.promote_low_f32x4(v128.load64_zero(x, 56)));
  }
  for (; x < whole; x += 16) {
    s0 = f64x2.add(s0, f64x2.promote_low_f32x4(v128.load64_zero(x)));
    s1 = f64x2.add(s1, f64x2.promote_low_f32x4(v128.load64_zero(x, 8)));
  }
  const even = f64x2.add(f64x2.add(s0, s2), f64x2.add(s4, s6));
  const odd = f64x2.add(f64x2.add(s1, s3), f64x2.add(s5, s7));
  const both = f64x2.add(even, odd);
  let total = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; x < end; x += 4) total += <f64>load<f32>(x);
  return total;
}

/** out[j] = Σ_i x[i, j]: rows `stride` bytes apart, i ascending. */
function sumRows(x: usize, rows: i32, stride: usize, columns: i32, out: usize): void {
  let j = 0;
  for (; j + 8 <= columns; j += 8, x += 32, out += 32) {
    let s0 = f64x2.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let at = x;
    for (let i = 0; i < rows; i++, at += stride) {
      s0 = f64x2.add(s0, f64x2.promote_low_f32x4(v128.load64_zero(at)));
      s1 = f64x2.add(s1, f64x2.promote_low_f32x4(v128.load64_zero(at, 8)));
      s2 = f64x2.add(s2, f64x2.promote_low_f32x4(v128.load64_zero(at, 16)));
      s3 = f64x2.add(s3, f64x2.promote_low_f32x4(v128.load64_zero(at, 24)));
    }
    v128.store64_lane(out, f32x4.demote_f64x2_zero(s0), 0);
    v128.store64_lane(out, f32x4.demote_f64x2_zero(s1), 0, 8);
    v128.store64_lane(out, f32x4.demote_f64x2_zero(s2), 0, 16);
    v128.store64_lane(out, f32x4.demote_f64x2_zero(s3), 0, 24);
  }
  for (; j < columns; j++, x += 4, out += 4) {
    let total: f64 = 0;
    let at = x;
    for (let i = 0; i < rows; i++, at += stride) total += <f64>load<f32>(at);
    store<f32>(out, <f32>total);
  }
}
