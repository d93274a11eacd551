// Sums, products and extremes:
//
//   out[c, o] = Σ_p x[o, p], or Π, or max, or min,   p in [c·chunk, min((c+1)·chunk, length))
//
// Numerics   sums and products in float64, rounded once. In long runs and in columns, sums of four elements are float32. An
//            extreme is NaN if one element is.
//
// A task computes `taskOutputs` outputs of `taskParts` chunks. Several outputs, or several parts of one, are computed at the same
// time, because each step waits for the one before. Columns are read a block of rows at a time.

// The values of OPERATION in kernels/reduce.wgsl.
const SUM: i32 = 0;
const MAX: i32 = 1;
const PROD: i32 = 3;

/** Longer runs have enough elements for the loops of one run. */
const SHORT: i32 = 32;
/** Rows of a block: the processor fetches ahead in so many places. */
const ROWS: i32 = 32;

/** Bytes of scratch memory for the totals of outputs whose elements are adjacent. */
export function reduceScratch(taskOutputs: i32): i32 {
  return 8 * taskOutputs;
}

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
  taskParts: i32;
}

export function reduceTask(job: ReduceJob, task: i32, scratch: usize): void {
  if (job.operation == SUM) sums(job, task, scratch);
  else if (job.operation == PROD) products(job, task, scratch);
  // A minimum is a maximum with all signs changed.
  else extremes(job, task, i32x4.splat(job.operation == MAX ? 0 : i32.MIN_VALUE), scratch);
}

// Functions of their own, because the compiler knows the operation in each part of a function only if it is the same in all.

function sums(job: ReduceJob, task: i32, scratch: usize): void {
  reduceBy(SUM, job, task, i32x4.splat(0), scratch);
}

function products(job: ReduceJob, task: i32, scratch: usize): void {
  reduceBy(PROD, job, task, i32x4.splat(0), scratch);
}

function extremes(job: ReduceJob, task: i32, signs: v128, scratch: usize): void {
  reduceBy(MAX, job, task, signs, scratch);
}

/** Inlined, so that each operation gets loops of its own. */
@inline
function reduceBy(operation: i32, job: ReduceJob, task: i32, signs: v128, scratch: usize): void {
  const tasks = (job.outputs + job.taskOutputs - 1) / job.taskOutputs;
  const group = task / tasks;
  const first = (task - group * tasks) * job.taskOutputs;
  const last = min(first + job.taskOutputs, job.outputs);
  const outer = first / job.keptSize;
  const inner = first - outer * job.keptSize;
  const parts = (job.length + job.chunk - 1) / job.chunk;
  const lastPart = min((group + 1) * job.taskParts, parts);
  for (let part = group * job.taskParts; part < lastPart; part++) {
    reducePart(operation, job, part, first, last, outer, inner, signs, scratch);
  }
}

/** Outputs `first` to `last` of a chunk. The first has these places on the two kept axes. */
@inline
function reducePart(
  operation: i32,
  job: ReduceJob,
  part: i32,
  first: i32,
  last: i32,
  outer: i32,
  inner: i32,
  signs: v128,
  scratch: usize,
): void {
  const start = part * job.chunk;
  const end = min(start + job.chunk, job.length);
  let out = job.out + ((<usize>(part * job.outputs + first)) << 2);
  const isOneRun = end <= job.reducedSize && job.reducedInner == 1;
  for (let output = first; output < last;) {
    const count = min(job.keptSize - inner, last - output);
    let x = job.x + ((<usize>(outer * job.keptOuter + inner * job.keptInner)) << 2);
    const step = (<usize>job.keptInner) << 2;
    let left = count;
    if (job.keptInner == 1) {
      left &= 3;
      const whole = (<usize>(count - left)) << 2;
      if (whole > 0) columns(operation, job, x, whole, start, end, out, signs, scratch);
      x += whole;
      out += whole;
    } else if (isOneRun && end - start <= SHORT) {
      const at = (<usize>start) << 2;
      for (; left >= 4; left -= 4, x += 4 * step, out += 16) {
        if (fourRuns(operation, x + at, step, end - start, out, signs)) {
          singles(operation, job, x, step, 4, start, end, out, signs);
        }
      }
    }
    singles(operation, job, x, step, left, start, end, out, signs);
    out += (<usize>left) << 2;
    output += count;
    inner = 0;
    outer++;
  }
}

/** Outputs `step` bytes apart, one after the other. */
@inline
function singles(
  operation: i32,
  job: ReduceJob,
  x: usize,
  step: usize,
  count: i32,
  start: i32,
  end: i32,
  out: usize,
  signs: v128,
): void {
  for (; count > 0; count--, x += step, out += 4) {
    store<f32>(out, single(operation, job, x, start, end, signs));
  }
}

/** The place of a position on the outer of the two reduced axes. */
@inline
function runOf(job: ReduceJob, position: i32): i32 {
  // Divisions are slow, and most reductions have one axis.
  return position < job.reducedSize ? 0 : position / job.reducedSize;
}

/** Outputs whose elements are adjacent: `width` bytes of each row, whole vectors. */
@inline
function columns(
  operation: i32,
  job: ReduceJob,
  x: usize,
  width: usize,
  start: i32,
  end: i32,
  out: usize,
  signs: v128,
  scratch: usize,
): void {
  const step = (<usize>job.reducedInner) << 2;
  for (let position = start; position < end;) {
    const run = runOf(job, position);
    const within = position - run * job.reducedSize;
    const rows = min(ROWS, min(job.reducedSize - within, end - position));
    const from = x + ((<usize>(run * job.reducedOuter + within * job.reducedInner)) << 2);
    const isFirst = position == start;
    position += rows;
    const isLast = position == end;
    let totals = scratch;
    let at: usize = 0;
    // A line of the cache.
    for (; at + 64 <= width; at += 64, totals += 128) {
      let low0 = isFirst ? first(operation) : v128.load(totals);
      let high0 = isFirst ? firstHigh(operation) : v128.load(totals, 16);
      let low1 = isFirst ? low0 : v128.load(totals, 32);
      let high1 = isFirst ? high0 : v128.load(totals, 48);
      let low2 = isFirst ? low0 : v128.load(totals, 64);
      let high2 = isFirst ? high0 : v128.load(totals, 80);
      let low3 = isFirst ? low0 : v128.load(totals, 96);
      let high3 = isFirst ? high0 : v128.load(totals, 112);
      let line = from + at;
      let left = rows;
      if (operation == SUM) {
        for (; left >= 4; left -= 4, line += 4 * step) {
          const sum0 = sumOfFour(line, step);
          const sum1 = sumOfFour(line + 16, step);
          const sum2 = sumOfFour(line + 32, step);
          const sum3 = sumOfFour(line + 48, step);
          low0 = withLow(SUM, low0, sum0);
          high0 = withHigh(SUM, high0, sum0);
          low1 = withLow(SUM, low1, sum1);
          high1 = withHigh(SUM, high1, sum1);
          low2 = withLow(SUM, low2, sum2);
          high2 = withHigh(SUM, high2, sum2);
          low3 = withLow(SUM, low3, sum3);
          high3 = withHigh(SUM, high3, sum3);
        }
      }
      if (operation != MAX) {
        for (; left > 0; left--, line += step) {
          low0 = withTwo(operation, low0, f64x2.promote_low_f32x4(v128.load64_zero(line)));
          high0 = withTwo(operation, high0, f64x2.promote_low_f32x4(v128.load64_zero(line, 8)));
          low1 = withTwo(operation, low1, f64x2.promote_low_f32x4(v128.load64_zero(line, 16)));
          high1 = withTwo(operation, high1, f64x2.promote_low_f32x4(v128.load64_zero(line, 24)));
          low2 = withTwo(operation, low2, f64x2.promote_low_f32x4(v128.load64_zero(line, 32)));
          high2 = withTwo(operation, high2, f64x2.promote_low_f32x4(v128.load64_zero(line, 40)));
          low3 = withTwo(operation, low3, f64x2.promote_low_f32x4(v128.load64_zero(line, 48)));
          high3 = withTwo(operation, high3, f64x2.promote_low_f32x4(v128.load64_zero(line, 56)));
        }
      }
      for (; left > 0; left--, line += step) {
        const value0 = v128.xor(v128.load(line), signs);
        const value1 = v128.xor(v128.load(line, 16), signs);
        const value2 = v128.xor(v128.load(line, 32), signs);
        const value3 = v128.xor(v128.load(line, 48), signs);
        low0 = withLow(operation, low0, value0);
        high0 = withHigh(operation, high0, value0);
        low1 = withLow(operation, low1, value1);
        high1 = withHigh(operation, high1, value1);
        low2 = withLow(operation, low2, value2);
        high2 = withHigh(operation, high2, value2);
        low3 = withLow(operation, low3, value3);
        high3 = withHigh(operation, high3, value3);
      }
      if (!isLast) {
        v128.store(totals, low0);
        v128.store(totals, high0, 16);
        v128.store(totals, low1, 32);
        v128.store(totals, high1, 48);
        v128.store(totals, low2, 64);
        v128.store(totals, high2, 80);
        v128.store(totals, low3, 96);
        v128.store(totals, high3, 112);
      } else if (isDoubtful(operation, f32x4.add(f32x4.add(high0, high1), f32x4.add(high2, high3)))) {
        singles(operation, job, x + at, 4, 16, start, end, out + at, signs);
      } else {
        v128.store(out + at, rounded(operation, low0, high0, signs));
        v128.store(out + at, rounded(operation, low1, high1, signs), 16);
        v128.store(out + at, rounded(operation, low2, high2, signs), 32);
        v128.store(out + at, rounded(operation, low3, high3, signs), 48);
      }
    }
    for (; at < width; at += 16, totals += 32) {
      let low = isFirst ? first(operation) : v128.load(totals);
      let high = isFirst ? firstHigh(operation) : v128.load(totals, 16);
      let line = from + at;
      for (let i = 0; i < rows; i++, line += step) {
        const value = v128.xor(v128.load(line), signs);
        low = withLow(operation, low, value);
        high = withHigh(operation, high, value);
      }
      if (!isLast) {
        v128.store(totals, low);
        v128.store(totals, high, 16);
      } else if (isDoubtful(operation, high)) singles(operation, job, x + at, 4, 4, start, end, out + at, signs);
      else v128.store(out + at, rounded(operation, low, high, signs));
    }
  }
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

/** Four runs of at most `SHORT` elements, `step` bytes apart. Returns whether the outputs are doubtful. */
@inline
function fourRuns(operation: i32, x: usize, step: usize, count: i32, out: usize, signs: v128): bool {
  let low = first(operation);
  let high = firstHigh(operation);
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
    high = withHigh(operation, high, value0);
    high = withHigh(operation, high, value1);
    high = withHigh(operation, high, value2);
    high = withHigh(operation, high, value3);
  }
  for (; at < end; at += 4) {
    let value = v128.load32_zero(x + at);
    value = v128.load32_lane(x1 + at, value, 1);
    value = v128.load32_lane(x2 + at, value, 2);
    value = v128.load32_lane(x3 + at, value, 3);
    value = v128.xor(value, signs);
    low = withLow(operation, low, value);
    high = withHigh(operation, high, value);
  }
  v128.store(out, rounded(operation, low, high, signs));
  return isDoubtful(operation, high);
}

/** One output. */
function single(operation: i32, job: ReduceJob, x: usize, start: i32, end: i32, signs: v128): f32 {
  let total: f64 = operation == SUM ? 0 : operation == PROD ? 1 : -Infinity;
  const sign: f64 = f32x4.extract_lane(v128.xor(f32x4.splat(1), signs), 0);
  const step = (<usize>job.reducedInner) << 2;
  for (let position = start; position < end;) {
    const run = runOf(job, position);
    const within = position - run * job.reducedSize;
    const count = min(job.reducedSize - within, end - position);
    let at = x + ((<usize>(run * job.reducedOuter + within * job.reducedInner)) << 2);
    if (job.reducedInner == 1 && count >= 8) {
      if (operation == SUM) total += sumOfRun(at, count);
      else if (operation == PROD) total *= productOfRun(at, count);
      else total = max(total, extremeOfRun(at, count, signs));
    } else {
      for (let i = 0; i < count; i++, at += step) {
        const value = <f64>load<f32>(at);
        if (operation == SUM) total += value;
        else if (operation == PROD) total *= value;
        else total = max(total, sign * value);
      }
    }
    position += count;
  }
  return <f32>(operation == MAX ? sign * total : total);
}

/** What any element replaces, or what changes none. */
@inline
function first(operation: i32): v128 {
  return operation == SUM ? f64x2.splat(0) : operation == PROD ? f64x2.splat(1) : f32x4.splat(-Infinity);
}

@inline
function firstHigh(operation: i32): v128 {
  return operation == PROD ? f64x2.splat(1) : f64x2.splat(0);
}

/** A sum or a product takes two elements in float64 here. Processors convert them as they load them. */
@inline
function withTwo(operation: i32, total: v128, pair: v128): v128 {
  return operation == SUM ? f64x2.add(total, pair) : f64x2.mul(total, pair);
}

/** A sum or a product takes the lower two elements here, an extreme all four. */
@inline
function withLow(operation: i32, total: v128, value: v128): v128 {
  if (operation == SUM) return f64x2.add(total, f64x2.promote_low_f32x4(value));
  if (operation == PROD) return f64x2.mul(total, f64x2.promote_low_f32x4(value));
  return f32x4.pmax(total, value);
}

/** A sum or a product takes the upper two here. Of an extreme it is NaN if one element is, or for infinities of both signs. */
@inline
function withHigh(operation: i32, total: v128, value: v128): v128 {
  if (operation == MAX) return f32x4.add(total, value);
  const upper = f64x2.promote_low_f32x4(v128.shuffle<f32>(value, value, 2, 3, 2, 3));
  return operation == SUM ? f64x2.add(total, upper) : f64x2.mul(total, upper);
}

/** Whether an extreme may have missed NaN. */
@inline
function isDoubtful(operation: i32, high: v128): bool {
  return operation == MAX && v128.any_true(f32x4.ne(high, high));
}

@inline
function rounded(operation: i32, low: v128, high: v128, signs: v128): v128 {
  if (operation == MAX) return v128.xor(low, signs);
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

/** The product of consecutive numbers. */
function productOfRun(x: usize, count: i32): f64 {
  let p0 = first(PROD);
  let p1 = p0;
  let p2 = p0;
  let p3 = p0;
  let left = count;
  for (; left >= 8; left -= 8, x += 32) {
    p0 = f64x2.mul(p0, f64x2.promote_low_f32x4(v128.load64_zero(x)));
    p1 = f64x2.mul(p1, f64x2.promote_low_f32x4(v128.load64_zero(x, 8)));
    p2 = f64x2.mul(p2, f64x2.promote_low_f32x4(v128.load64_zero(x, 16)));
    p3 = f64x2.mul(p3, f64x2.promote_low_f32x4(v128.load64_zero(x, 24)));
  }
  const all = f64x2.mul(f64x2.mul(p0, p1), f64x2.mul(p2, p3));
  let total = f64x2.extract_lane(all, 0) * f64x2.extract_lane(all, 1);
  for (; left > 0; left--, x += 4) total *= <f64>load<f32>(x);
  return total;
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
    s1 = withHigh(SUM, s1, value);
    s2 = withLow(SUM, s2, other);
    s3 = withHigh(SUM, s3, other);
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
