// Sums and extremes:
//
//   out[c, o] = Σ_p x[o, p], or max, or min,   p in [c·chunk, min((c+1)·chunk, length))
//
// Numerics   sums in float64, rounded once. In a long run, sums of four elements are float32. An extreme is NaN if one
//            element is.
//
// A task computes `taskOutputs` outputs of one chunk. Several outputs, or several parts of one, are computed at the same
// time, because each step waits for the one before.

// The values of OPERATION in kernels/reduce.wgsl.
const SUM: i32 = 0;
const MAX: i32 = 1;

/** Longer runs have enough elements for the loops of one run. */
const SHORT: i32 = 32;

/** Offsets and strides are in elements, as in kernels/reduce.wgsl. */
@unmanaged
export class ReduceJob {
  operation: i32;
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

export function reduceTask(job: ReduceJob, task: i32): void {
  if (job.operation == SUM) reduceBy(SUM, job, task, i32x4.splat(0));
  // A minimum is a maximum with all signs changed.
  else reduceBy(MAX, job, task, i32x4.splat(job.operation == MAX ? 0 : i32.MIN_VALUE));
}

/** Inlined, so that each operation gets loops of its own. */
@inline
function reduceBy(operation: i32, job: ReduceJob, task: i32, signs: v128): void {
  const tasks = (job.outputs + job.taskOutputs - 1) / job.taskOutputs;
  const part = task / tasks;
  const start = part * job.chunk;
  const end = min(start + job.chunk, job.length);
  const first = (task % tasks) * job.taskOutputs;
  const last = min(first + job.taskOutputs, job.outputs);
  let out = job.out + ((<usize>(part * job.outputs + first)) << 2);
  let outer = first / job.keptSize;
  let inner = first % job.keptSize;
  const isOneRun = end <= job.reducedSize && job.reducedInner == 1;
  for (let output = first; output < last;) {
    const count = min(job.keptSize - inner, last - output);
    let x = job.x + ((<usize>(outer * job.keptOuter + inner * job.keptInner)) << 2);
    const step = (<usize>job.keptInner) << 2;
    let left = count;
    if (job.keptInner == 1) {
      for (; left >= 16; left -= 16, x += 64, out += 64) sixteen(operation, job, x, start, end, out, signs);
      for (; left >= 4; left -= 4, x += 16, out += 16) v128.store(out, four(operation, job, x, start, end, signs));
    } else if (isOneRun && end - start <= SHORT) {
      const at = (<usize>start) << 2;
      for (; left >= 4; left -= 4, x += 4 * step, out += 16) {
        v128.store(out, fourRuns(operation, x + at, step, end - start, signs));
      }
    }
    for (; left > 0; left--, x += step, out += 4) store<f32>(out, single(operation, job, x, start, end, signs));
    output += count;
    inner = 0;
    outer++;
  }
}

/** Four outputs whose elements are adjacent. */
@inline
function four(operation: i32, job: ReduceJob, x: usize, start: i32, end: i32, signs: v128): v128 {
  let low = first(operation);
  let high = low;
  const step = (<usize>job.reducedInner) << 2;
  for (let position = start; position < end;) {
    const run = position / job.reducedSize;
    const within = position - run * job.reducedSize;
    const count = min(job.reducedSize - within, end - position);
    let at = x + ((<usize>(run * job.reducedOuter + within * job.reducedInner)) << 2);
    for (let i = 0; i < count; i++, at += step) {
      const value = v128.xor(v128.load(at), signs);
      low = withLow(operation, low, value);
      if (operation == SUM) high = withHigh(high, value);
    }
    position += count;
  }
  return rounded(operation, low, high, signs);
}

/** Sixteen outputs whose elements are adjacent: a line of the cache. */
@inline
function sixteen(operation: i32, job: ReduceJob, x: usize, start: i32, end: i32, out: usize, signs: v128): void {
  let low0 = first(operation);
  let low1 = low0;
  let low2 = low0;
  let low3 = low0;
  let high0 = f64x2.splat(0);
  let high1 = high0;
  let high2 = high0;
  let high3 = high0;
  const step = (<usize>job.reducedInner) << 2;
  for (let position = start; position < end;) {
    const run = position / job.reducedSize;
    const within = position - run * job.reducedSize;
    const count = min(job.reducedSize - within, end - position);
    let at = x + ((<usize>(run * job.reducedOuter + within * job.reducedInner)) << 2);
    for (let i = 0; i < count; i++, at += step) {
      if (operation == SUM) {
        low0 = f64x2.add(low0, f64x2.promote_low_f32x4(v128.load64_zero(at)));
        high0 = f64x2.add(high0, f64x2.promote_low_f32x4(v128.load64_zero(at, 8)));
        low1 = f64x2.add(low1, f64x2.promote_low_f32x4(v128.load64_zero(at, 16)));
        high1 = f64x2.add(high1, f64x2.promote_low_f32x4(v128.load64_zero(at, 24)));
        low2 = f64x2.add(low2, f64x2.promote_low_f32x4(v128.load64_zero(at, 32)));
        high2 = f64x2.add(high2, f64x2.promote_low_f32x4(v128.load64_zero(at, 40)));
        low3 = f64x2.add(low3, f64x2.promote_low_f32x4(v128.load64_zero(at, 48)));
        high3 = f64x2.add(high3, f64x2.promote_low_f32x4(v128.load64_zero(at, 56)));
      } else {
        const value0 = v128.xor(v128.load(at), signs);
        const value1 = v128.xor(v128.load(at, 16), signs);
        const value2 = v128.xor(v128.load(at, 32), signs);
        const value3 = v128.xor(v128.load(at, 48), signs);
        low0 = f32x4.pmax(low0, value0);
        low1 = f32x4.pmax(low1, value1);
        low2 = f32x4.pmax(low2, value2);
        low3 = f32x4.pmax(low3, value3);
        // NaN if one element is, or for infinities of both signs.
        high0 = f32x4.add(high0, value0);
        high1 = f32x4.add(high1, value1);
        high2 = f32x4.add(high2, value2);
        high3 = f32x4.add(high3, value3);
      }
    }
    position += count;
  }
  if (operation != SUM) {
    const all = f32x4.add(f32x4.add(high0, high1), f32x4.add(high2, high3));
    if (v128.any_true(f32x4.ne(all, all))) {
      for (const last = out + 64; out < last; out += 16, x += 16) {
        v128.store(out, four(operation, job, x, start, end, signs));
      }
      return;
    }
  }
  v128.store(out, rounded(operation, low0, high0, signs));
  v128.store(out, rounded(operation, low1, high1, signs), 16);
  v128.store(out, rounded(operation, low2, high2, signs), 32);
  v128.store(out, rounded(operation, low3, high3, signs), 48);
}

/** The sums of four elements `step` bytes apart, in float32, in each lane. */
@inline
function sumOfFour(x: usize, step: usize): v128 {
  const x2 = x + 2 * step;
  return f32x4.add(
    f32x4.add(v128.load(x), v128.load(x + step)),
    f32x4.add(v128.load(x2), v128.load(x2 + step)),
  );
}

/** Four runs of at most `SHORT` elements, `step` bytes apart. */
@inline
function fourRuns(operation: i32, x: usize, step: usize, count: i32, signs: v128): v128 {
  let low = first(operation);
  let high = low;
  const x1 = x + step;
  const x2 = x1 + step;
  const x3 = x2 + step;
  let at: usize = 0;
  const whole = (<usize>(count & ~3)) << 2;
  const end = (<usize>count) << 2;
  for (; at < whole; at += 16) {
    const a = v128.xor(v128.load(x + at), signs);
    const b = v128.xor(v128.load(x1 + at), signs);
    const c = v128.xor(v128.load(x2 + at), signs);
    const d = v128.xor(v128.load(x3 + at), signs);
    const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
    const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
    const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
    const cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
    const value0 = v128.shuffle<f32>(ab, cd, 0, 1, 4, 5);
    const value1 = v128.shuffle<f32>(ab, cd, 2, 3, 6, 7);
    const value2 = v128.shuffle<f32>(abHigh, cdHigh, 0, 1, 4, 5);
    const value3 = v128.shuffle<f32>(abHigh, cdHigh, 2, 3, 6, 7);
    low = withLow(operation, low, value0);
    low = withLow(operation, low, value1);
    low = withLow(operation, low, value2);
    low = withLow(operation, low, value3);
    if (operation == SUM) high = withHigh(withHigh(withHigh(withHigh(high, value0), value1), value2), value3);
  }
  for (; at < end; at += 4) {
    let value = v128.load32_zero(x + at);
    value = v128.load32_lane(x1 + at, value, 1);
    value = v128.load32_lane(x2 + at, value, 2);
    value = v128.load32_lane(x3 + at, value, 3);
    value = v128.xor(value, signs);
    low = withLow(operation, low, value);
    if (operation == SUM) high = withHigh(high, value);
  }
  return rounded(operation, low, high, signs);
}

/** One output. */
@inline
function single(operation: i32, job: ReduceJob, x: usize, start: i32, end: i32, signs: v128): f32 {
  let total: f64 = operation == SUM ? 0 : -Infinity;
  const sign: f64 = f32x4.extract_lane(v128.xor(f32x4.splat(1), signs), 0);
  const step = (<usize>job.reducedInner) << 2;
  for (let position = start; position < end;) {
    const run = position / job.reducedSize;
    const within = position - run * job.reducedSize;
    const count = min(job.reducedSize - within, end - position);
    let at = x + ((<usize>(run * job.reducedOuter + within * job.reducedInner)) << 2);
    if (job.reducedInner == 1 && count >= 8) {
      if (operation == SUM) total += sumOfRun(at, count);
      else total = max(total, extremeOfRun(at, count, signs));
    } else {
      for (let i = 0; i < count; i++, at += step) {
        const value = <f64>load<f32>(at);
        total = operation == SUM ? total + value : max(total, sign * value);
      }
    }
    position += count;
  }
  return <f32>(operation == SUM ? total : sign * total);
}

/** What any element replaces. */
@inline
function first(operation: i32): v128 {
  return operation == SUM ? f64x2.splat(0) : f32x4.splat(-Infinity);
}

/** A sum takes the lower two elements here, an extreme all four. */
@inline
function withLow(operation: i32, total: v128, value: v128): v128 {
  if (operation == SUM) return f64x2.add(total, f64x2.promote_low_f32x4(value));
  return f32x4.max(total, value);
}

@inline
function withHigh(total: v128, value: v128): v128 {
  return f64x2.add(total, f64x2.promote_low_f32x4(v128.shuffle<f32>(value, value, 2, 3, 2, 3)));
}

@inline
function rounded(operation: i32, low: v128, high: v128, signs: v128): v128 {
  if (operation != SUM) return v128.xor(low, signs);
  return v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
}

/** The maximum of consecutive numbers, with changed signs. */
function extremeOfRun(x: usize, count: i32, signs: v128): f64 {
  let e0 = first(MAX);
  let e1 = e0;
  let e2 = e0;
  let e3 = e0;
  let sum0 = f32x4.splat(0);
  let sum1 = sum0;
  const start = x;
  const sixteens = x + ((<usize>(count & ~15)) << 2);
  const end = x + ((<usize>count) << 2);
  for (; x < sixteens; x += 64) {
    const value0 = v128.xor(v128.load(x), signs);
    const value1 = v128.xor(v128.load(x, 16), signs);
    const value2 = v128.xor(v128.load(x, 32), signs);
    const value3 = v128.xor(v128.load(x, 48), signs);
    e0 = f32x4.pmax(e0, value0);
    e1 = f32x4.pmax(e1, value1);
    e2 = f32x4.pmax(e2, value2);
    e3 = f32x4.pmax(e3, value3);
    // NaN if one element is, or for infinities of both signs.
    sum0 = f32x4.add(sum0, f32x4.add(value0, value1));
    sum1 = f32x4.add(sum1, f32x4.add(value2, value3));
  }
  sum0 = f32x4.add(sum0, sum1);
  if (v128.any_true(f32x4.ne(sum0, sum0))) x = start;
  for (; x < end; x += 4) e1 = f32x4.max(e1, v128.xor(v128.load_splat<f32>(x), signs));
  e0 = f32x4.max(f32x4.max(e0, e1), f32x4.max(e2, e3));
  e0 = f32x4.max(e0, v128.shuffle<f32>(e0, e0, 2, 3, 0, 1));
  e0 = f32x4.max(e0, v128.shuffle<f32>(e0, e0, 1, 0, 3, 2));
  return <f64>f32x4.extract_lane(e0, 0);
}

/** The sum of consecutive numbers. */
function sumOfRun(x: usize, count: i32): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let left = count;
  for (; left >= 32; left -= 32, x += 128) {
    const value = sumOfFour(x, 16);
    const other = sumOfFour(x + 64, 16);
    s0 = withLow(SUM, s0, value);
    s1 = withHigh(s1, value);
    s2 = withLow(SUM, s2, other);
    s3 = withHigh(s3, other);
  }
  const both = f64x2.add(f64x2.add(s0, s2), f64x2.add(s1, s3));
  const total = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  return left > 0 ? total + sumRun(x, left) : total;
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
