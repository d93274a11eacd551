// Cross-entropy of target classes and its gradient: see kernels/crossEntropy.wgsl and kernels/crossEntropyGradient.wgsl.
//
// Rows of few classes, and those of images, are computed four at a time, each in a lane; others one after the other.
//
// Numerics   exponentials and logarithms in float32, sums of exponentials and losses in float64. A NaN makes its row NaN.

import { exp, log } from './functions';
import { loadLanes, storeLanes } from './lanes';
import { greatestOf, sumOfExponentials } from './softmax';

@unmanaged
export class CrossEntropyJob {
  x: usize;
  labels: usize;
  /** Weights of the classes, and the bytes from one to the next: 0 where they are a single number. */
  weight: usize;
  weightStep: usize;
  /** The sum of all weights. */
  weights: f32;
  losses: usize;
  rowwise: usize;
  gradient: usize;
  /** Bytes from one row's label to the next, and of gradients. */
  labelStep: usize;
  gradientStep: usize;
  /** What the gradient is divided by. */
  divisor: f32;
  out: usize;
  rows: i32;
  classes: i32;
  inner: i32;
  ignoreIndex: i32;
  smoothing: f32;
  taskRows: i32;
  /** Whether x holds log-probabilities. */
  logs: i32;
  /** Where 1 is written if a label is not a class. */
  wrong: usize;
}

/** Longer rows of adjacent elements have enough for vectors of their own. */
const NARROW: i32 = 32;

/** The number of rows from `row` that lie at equal distances, in one step: 4, or 1. */
@inline
function together(job: CrossEntropyJob, row: i32, last: i32): i32 {
  const inner = job.inner;
  const left = inner == 1 ? last - row : min(inner - (row % inner), last - row);
  return left < 4 ? 1 : 4;
}

/** Elements before a row's first. */
@inline
function startOf(job: CrossEntropyJob, row: i32): usize {
  if (job.inner == 1) return (<usize>row * <usize>job.classes) << 2;
  const outer = row / job.inner;
  return (<usize>(outer * job.classes) * <usize>job.inner + <usize>(row - outer * job.inner)) << 2;
}

/** Bytes from a row to the next of those that are computed together. */
@inline
function laneOf(job: CrossEntropyJob, count: i32): usize {
  return count < 4 ? 0 : job.inner == 1 ? (<usize>job.classes) << 2 : 4;
}

export function crossEntropyTask(job: CrossEntropyJob, task: i32): void {
  if (job.logs != 0) {
    pickLosses(job, task);
    return;
  }
  const classes = job.classes;
  const step = (<usize>job.inner) << 2;
  const isLong = job.inner == 1 && classes > NARROW;
  const last = min((task + 1) * job.taskRows, job.rows);
  for (let row = task * job.taskRows; row < last;) {
    const count = together(job, row, last);
    const x = job.x + startOf(job, row);
    const lane = laneOf(job, count);
    let greatest: v128;
    let low = f64x2.splat(0);
    let high = low;
    if (isLong) {
      const totals = job.rowwise + <usize>row * 12;
      for (let each = 0; each < count; each++) {
        const start = x + <usize>each * lane;
        const most = greatestOf(start, classes);
        store<f32>(totals + <usize>each * 12, most);
        store<f32>(totals + <usize>each * 12, <f32>sumOfExponentials(false, start, classes, f32x4.splat(most), 0), 4);
      }
      const next: usize = count < 4 ? 0 : 12;
      greatest = loadLanes(totals, next);
      const total = loadLanes(totals + 4, next);
      finish(job, row, count, x, lane, step, greatest, total);
    } else {
      // Of numbers that are not NaN: NaN reaches the sum.
      greatest = loadLanes(x, lane);
      let from = x + step;
      for (let j = 1; j < classes; j++, from += step) greatest = f32x4.pmax(loadLanes(from, lane), greatest);
      from = x;
      for (let j = 0; j < classes; j++, from += step) {
        const term = exp(f32x4.sub(loadLanes(from, lane), greatest));
        low = f64x2.add(low, f64x2.promote_low_f32x4(term));
        high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f32>(term, term, 2, 3, 2, 3)));
      }
      const total = v128.shuffle<f32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5);
      finish(job, row, count, x, lane, step, greatest, total);
    }
    row += count;
  }
}

/** The losses of log-probabilities: -w_t · x[r, t]. */
function pickLosses(job: CrossEntropyJob, task: i32): void {
  const last = min((task + 1) * job.taskRows, job.rows);
  const weights = (<usize>job.rows) << 2;
  for (let row = task * job.taskRows; row < last; row++) {
    const picked = load<i32>(job.labels + <usize>row * job.labelStep);
    const isClass = <u32>picked < <u32>job.classes;
    if (picked != job.ignoreIndex && !isClass) store<i32>(job.wrong, 1);
    let own: f32 = 0;
    let value: f32 = 0;
    if (picked != job.ignoreIndex && isClass) {
      own = load<f32>(job.weight + <usize>picked * job.weightStep);
      value = own * -load<f32>(job.x + startOf(job, row) + ((<usize>picked * <usize>job.inner) << 2));
    }
    const loss = job.losses + ((<usize>row) << 2);
    store<f32>(loss, value);
    store<f32>(loss + weights, own);
  }
}

/** Their gradients: -gradient[r] / divisor · w_t at class t, otherwise 0. */
function pickGradients(job: CrossEntropyJob, task: i32): void {
  const first = task * job.taskRows;
  const last = min(first + job.taskRows, job.rows);
  const step = (<usize>job.inner) << 2;
  const row0 = job.out + startOf(job, first);
  if (job.inner == 1) memory.fill(row0, 0, (<usize>(last - first) * <usize>job.classes) << 2);
  for (let row = first; row < last; row++) {
    const out = job.out + startOf(job, row);
    if (job.inner != 1) for (let j = 0; j < job.classes; j++) store<f32>(out + <usize>j * step, 0);
    const picked = load<i32>(job.labels + <usize>row * job.labelStep);
    // Nothing counts in a mean over nothing.
    if (picked == job.ignoreIndex || <u32>picked >= <u32>job.classes || job.divisor == 0) continue;
    const scale = load<f32>(job.gradient + <usize>row * job.gradientStep) / job.divisor;
    store<f32>(out + <usize>picked * step, scale * -load<f32>(job.weight + <usize>picked * job.weightStep));
  }
}

/** Stores the losses of `count` rows and what their gradients need. */
function finish(
  job: CrossEntropyJob,
  row: i32,
  count: i32,
  x: usize,
  lane: usize,
  step: usize,
  greatest: v128,
  total: v128,
): void {
  const logTotal = log(total);
  const facts = job.rowwise + <usize>row * 12;
  const next: usize = count < 4 ? 0 : 12;
  storeLanes(facts, next, greatest);
  storeLanes(facts + 4, next, logTotal);
  const smoothing = <f64>job.smoothing;
  const spread = smoothing / <f64>job.classes;
  let label = job.labels + <usize>row * job.labelStep;
  let fact = facts;
  let loss = job.losses + ((<usize>row) << 2);
  const weights = (<usize>job.rows) << 2;
  for (let each = 0; each < count; each++, x += lane, label += job.labelStep, fact += 12, loss += 4) {
    const picked = load<i32>(label);
    if (picked == job.ignoreIndex) {
      store<f32>(fact, 0, 8);
      store<f32>(loss, 0);
      store<f32>(loss + weights, 0);
      continue;
    }
    if (<u32>picked >= <u32>job.classes) {
      store<i32>(job.wrong, 1);
      return;
    }
    const most = <f64>load<f32>(fact);
    const logarithm = <f64>load<f32>(fact, 4);
    const own = <f64>load<f32>(job.weight + <usize>picked * job.weightStep);
    let value = own * (most - <f64>load<f32>(x + <usize>picked * step) + logarithm);
    let share = own;
    if (smoothing != 0) {
      share = (1 - smoothing) * own + spread * <f64>job.weights;
      const distances = distancesOf(job, x, step, load<f32>(fact));
      value = (1 - smoothing) * value + spread * (distances + <f64>job.weights * logarithm);
    }
    store<f32>(fact, <f32>share, 8);
    store<f32>(loss, <f32>value);
    store<f32>(loss + weights, <f32>own);
  }
}

/** Σ_j w_j (m - x_j) of a row. */
function distancesOf(job: CrossEntropyJob, x: usize, step: usize, greatest: f32): f64 {
  let low = f64x2.splat(0);
  let high = low;
  let weight = job.weight;
  let j = 0;
  for (; j + 4 <= job.classes; j += 4, x += 4 * step, weight += 4 * job.weightStep) {
    const difference = f32x4.sub(f32x4.splat(greatest), loadLanes(x, step));
    const term = f32x4.mul(loadLanes(weight, job.weightStep), difference);
    low = f64x2.add(low, f64x2.promote_low_f32x4(term));
    high = f64x2.add(high, f64x2.promote_low_f32x4(v128.shuffle<f32>(term, term, 2, 3, 2, 3)));
  }
  const both = f64x2.add(low, high);
  let sum = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; j < job.classes; j++, x += step, weight += job.weightStep) {
    sum += <f64>load<f32>(weight) * <f64>(greatest - load<f32>(x));
  }
  return sum;
}

/** gradient[r] / divisor · (share · softmax(x)[r, j] - q[r, j]) */
export function crossEntropyGradientTask(job: CrossEntropyJob, task: i32): void {
  if (job.logs != 0) {
    pickGradients(job, task);
    return;
  }
  const classes = job.classes;
  const step = (<usize>job.inner) << 2;
  // Rows of at least a vector are written along their classes.
  const isAlong = job.inner == 1 && classes >= 4;
  const last = min((task + 1) * job.taskRows, job.rows);
  for (let row = task * job.taskRows; row < last;) {
    const count = together(job, row, last);
    const start = startOf(job, row);
    const lane = laneOf(job, count);
    const next: usize = count < 4 ? 0 : 12;
    const facts = job.rowwise + <usize>row * 12;
    const gradients = loadLanes(job.gradient + <usize>row * job.gradientStep, count < 4 ? 0 : job.gradientStep);
    const labels = job.labels + <usize>row * job.labelStep;
    const picked = loadLanes(labels, count < 4 ? 0 : job.labelStep);
    const isIgnored = i32x4.eq(picked, i32x4.splat(job.ignoreIndex));
    // Nothing counts in a mean over nothing, and no row that is ignored, whatever its gradient.
    const scale =
      job.divisor == 0
        ? f32x4.splat(0)
        : v128.andnot(f32x4.div(gradients, f32x4.splat(job.divisor)), isIgnored);
    const shift = loadLanes(facts, next);
    const share = f32x4.mul(scale, loadLanes(facts + 8, next));
    const factor = f32x4.mul(share, exp(f32x4.neg(loadLanes(facts + 4, next))));
    const spread = f32x4.mul(scale, f32x4.splat(job.smoothing / <f32>classes));
    const x = job.x + start;
    const out = job.out + start;
    if (isAlong) {
      for (let each = 0; each < count; each++) {
        const from = x + <usize>each * lane;
        const to = out + <usize>each * lane;
        const own = v128.swizzle(shift, splats(each));
        const by = v128.swizzle(factor, splats(each));
        const less = v128.swizzle(spread, splats(each));
        // The last vector may overlap the one before.
        const end = classes - 4;
        for (let j = 0; ; ) {
          const at = (<usize>j) << 2;
          put(job, from + at, to + at, 4, job.weight + <usize>j * job.weightStep, job.weightStep, own, by, less);
          if (j == end) break;
          j = min(j + 4, end);
        }
      }
    } else {
      let weight = job.weight;
      for (let at: usize = 0, j = 0; j < classes; j++, at += step, weight += job.weightStep) {
        put(job, x + at, out + at, lane, weight, 0, shift, factor, spread);
      }
    }
    const kept = f32x4.mul(scale, f32x4.splat(1 - job.smoothing));
    for (let each = 0; each < count; each++) {
      const label = load<i32>(labels + <usize>each * job.labelStep);
      if (label == job.ignoreIndex || <u32>label >= <u32>classes) continue;
      const to = out + <usize>each * lane + <usize>label * step;
      const own = load<f32>(job.weight + <usize>label * job.weightStep);
      store<f32>(to, load<f32>(to) - f32x4.extract_lane(v128.swizzle(kept, splats(each)), 0) * own);
    }
    row += count;
  }
}

/** The bytes that make all lanes the one with this index. */
@inline
function splats(lane: i32): v128 {
  return i32x4.add(i32x4.splat(0x03020100), i32x4.splat(lane * 0x04040404));
}

/** Four numbers factor · e^(x - shift) - spread · w. */
@inline
function put(
  job: CrossEntropyJob,
  x: usize,
  out: usize,
  lane: usize,
  weight: usize,
  weightLane: usize,
  shift: v128,
  factor: v128,
  spread: v128,
): void {
  let value = f32x4.mul(factor, exp(f32x4.sub(loadLanes(x, lane), shift)));
  if (job.smoothing != 0) value = f32x4.sub(value, f32x4.mul(spread, loadLanes(weight, weightLane)));
  storeLanes(out, lane, value);
}
