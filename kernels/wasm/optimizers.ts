// Steps of optimizers over flat buffers, as defined in kernels/adam.wgsl, sgd.wgsl, rmsprop.wgsl and moments.wgsl, and the
// scaling of clip.wgsl, in float32, four elements at a time.
//
// Loops take their constants from variables, spread over four lanes: fields of the job would be loaded and spread again for
// every four elements, as a store might have changed them. Adam takes 1.3 times as long with fields.

import { loadFew, storeFew } from './lanes';
import { madd, select } from './madd';

/** Whether an element is below the normal numbers, by its bits. */
@inline
function isSubnormal(x: v128): v128 {
  return i32x4.lt_s(v128.and(x, i32x4.splat(0x7fffffff)), i32x4.splat(0x00800000));
}

/**
 * An average that decays, such as momentum, without subnormal numbers: they become 0. Rounded to the nearest, 0.9 of the
 * smallest ones is again themselves, so they would stay forever, and processors compute many times slower with them.
 */
@inline
function decayed(x: v128): v128 {
  return v128.andnot(x, isSubnormal(x));
}

/** The gradient to follow: sign · g + weightDecay · p. 0 · p would be NaN for an infinite p. */
@inline
function direction(sign: v128, gradient: v128, weightDecay: v128, parameter: v128): v128 {
  const decaying = v128.and(parameter, f32x4.ne(weightDecay, f32x4.splat(0)));
  return madd(weightDecay, decaying, f32x4.mul(sign, gradient));
}

/**
 * a · x + b · g², without subnormal numbers where g is 0. If eps is 0, it is what keeps a divisor from 0, and may be subnormal.
 */
@inline
function variance(a: v128, x: v128, b: v128, g: v128, hasEps: bool): v128 {
  const v = madd(a, x, f32x4.mul(f32x4.mul(b, g), g));
  return hasEps ? v128.andnot(v, v128.and(isSubnormal(v), f32x4.eq(g, f32x4.splat(0)))) : v;
}

/** x + share · (g - x) */
@inline
function towards(x: v128, share: v128, g: v128): v128 {
  return madd(share, f32x4.sub(g, x), x);
}

/** scale · √v + eps */
@inline
function deviation(v: v128, scale: v128, eps: v128): v128 {
  return madd(scale, f32x4.sqrt(v), eps);
}

/** Where the elements of a task begin, in bytes. */
@inline
function beginOf(taskSize: i32, task: i32): usize {
  return <usize>(task * taskSize) << 2;
}

/** Where they end. */
@inline
function endOf(size: i32, taskSize: i32, task: i32): usize {
  return <usize>min((task + 1) * taskSize, size) << 2;
}

/** The elements of a vector: four, or the last ones. */
@inline
function countAt(at: usize, end: usize): i32 {
  return <i32>min(<usize>16, end - at) >> 2;
}

@unmanaged
export class AdamJob {
  gradients: usize;
  parameters: usize;
  mean: usize;
  variance: usize;
  size: i32;
  taskSize: i32;
  sign: f32;
  oneMinusBeta1: f32;
  beta2: f32;
  oneMinusBeta2: f32;
  eps: f32;
  weightDecay: f32;
  shrink: f32;
  stepSize: f32;
  /** 1 / √(1 - beta2^t): multiplying is faster than dividing each element. */
  deviationScale: f32;
}

export function adamTask(job: AdamJob, task: i32): void {
  const sign = f32x4.splat(job.sign);
  const weightDecay = f32x4.splat(job.weightDecay);
  const oneMinusBeta1 = f32x4.splat(job.oneMinusBeta1);
  const beta2 = f32x4.splat(job.beta2);
  const oneMinusBeta2 = f32x4.splat(job.oneMinusBeta2);
  const eps = f32x4.splat(job.eps);
  const shrink = f32x4.splat(job.shrink);
  const stepSize = f32x4.splat(job.stepSize);
  const scale = f32x4.splat(job.deviationScale);
  const hasEps = job.eps != 0;
  const parameters = job.parameters;
  const gradients = job.gradients;
  const means = job.mean;
  const variances = job.variance;
  const end = endOf(job.size, job.taskSize, task);
  for (let at = beginOf(job.taskSize, task); at < end; at += 16) {
    const count = countAt(at, end);
    const p = loadFew(parameters + at, count);
    const g = direction(sign, loadFew(gradients + at, count), weightDecay, p);
    const m = decayed(towards(loadFew(means + at, count), oneMinusBeta1, g));
    const v = variance(beta2, loadFew(variances + at, count), oneMinusBeta2, g, hasEps);
    storeFew(means + at, m, count);
    storeFew(variances + at, v, count);
    const step = f32x4.div(f32x4.mul(stepSize, m), deviation(v, scale, eps));
    storeFew(parameters + at, f32x4.sub(f32x4.mul(shrink, p), step), count);
  }
}

@unmanaged
export class SgdJob {
  gradients: usize;
  parameters: usize;
  velocity: usize;
  size: i32;
  taskSize: i32;
  sign: f32;
  lr: f32;
  momentum: f32;
  oneMinusDampening: f32;
  weightDecay: f32;
  firstStep: i32;
  nesterov: i32;
}

export function sgdTask(job: SgdJob, task: i32): void {
  const sign = f32x4.splat(job.sign);
  const weightDecay = f32x4.splat(job.weightDecay);
  const lr = f32x4.splat(job.lr);
  const momentum = f32x4.splat(job.momentum);
  const oneMinusDampening = f32x4.splat(job.oneMinusDampening);
  const hasMomentum = job.momentum != 0;
  const firstStep = job.firstStep;
  const nesterov = job.nesterov;
  const parameters = job.parameters;
  const gradients = job.gradients;
  const velocities = job.velocity;
  const end = endOf(job.size, job.taskSize, task);
  for (let at = beginOf(job.taskSize, task); at < end; at += 16) {
    const count = countAt(at, end);
    const p = loadFew(parameters + at, count);
    const g = direction(sign, loadFew(gradients + at, count), weightDecay, p);
    let d = g;
    if (hasMomentum) {
      let v = g;
      if (!firstStep) {
        v = f32x4.mul(momentum, loadFew(velocities + at, count));
        v = decayed(f32x4.add(v, f32x4.mul(oneMinusDampening, g)));
      }
      storeFew(velocities + at, v, count);
      d = nesterov ? f32x4.add(g, f32x4.mul(momentum, v)) : v;
    }
    storeFew(parameters + at, f32x4.sub(p, f32x4.mul(lr, d)), count);
  }
}

@unmanaged
export class RmspropJob {
  gradients: usize;
  parameters: usize;
  squares: usize;
  /** 0 unless centered. */
  means: usize;
  velocity: usize;
  size: i32;
  taskSize: i32;
  sign: f32;
  lr: f32;
  alpha: f32;
  oneMinusAlpha: f32;
  eps: f32;
  weightDecay: f32;
  momentum: f32;
}

export function rmspropTask(job: RmspropJob, task: i32): void {
  const sign = f32x4.splat(job.sign);
  const weightDecay = f32x4.splat(job.weightDecay);
  const lr = f32x4.splat(job.lr);
  const alpha = f32x4.splat(job.alpha);
  const oneMinusAlpha = f32x4.splat(job.oneMinusAlpha);
  const eps = f32x4.splat(job.eps);
  const momentum = f32x4.splat(job.momentum);
  const one = f32x4.splat(1);
  const hasEps = job.eps != 0;
  const hasMomentum = job.momentum != 0;
  const parameters = job.parameters;
  const gradients = job.gradients;
  const squares = job.squares;
  const means = job.means;
  const velocities = job.velocity;
  const end = endOf(job.size, job.taskSize, task);
  for (let at = beginOf(job.taskSize, task); at < end; at += 16) {
    const count = countAt(at, end);
    const p = loadFew(parameters + at, count);
    const g = direction(sign, loadFew(gradients + at, count), weightDecay, p);
    let s = variance(alpha, loadFew(squares + at, count), oneMinusAlpha, g, hasEps);
    storeFew(squares + at, s, count);
    if (means) {
      const mean = decayed(towards(loadFew(means + at, count), oneMinusAlpha, g));
      storeFew(means + at, mean, count);
      // Rounding must not make it negative, nor the square of a large mean NaN of an infinite s. NaN stays.
      const square = f32x4.min(f32x4.mul(mean, mean), f32x4.splat(f32.MAX_VALUE));
      s = f32x4.max(f32x4.sub(s, square), f32x4.splat(0));
    }
    let d = f32x4.div(g, deviation(s, one, eps));
    if (hasMomentum) {
      d = decayed(f32x4.add(f32x4.mul(momentum, loadFew(velocities + at, count)), d));
      storeFew(velocities + at, d, count);
    }
    storeFew(parameters + at, f32x4.sub(p, f32x4.mul(lr, d)), count);
  }
}

const AMSGRAD = 0;
const NADAM = 1;
const RADAM = 2;
const ADAGRAD = 3;

@unmanaged
export class MomentsJob {
  form: i32;
  gradients: usize;
  parameters: usize;
  mean: usize;
  variance: usize;
  third: usize;
  size: i32;
  taskSize: i32;
  sign: f32;
  lr: f32;
  oneMinusBeta1: f32;
  beta2: f32;
  oneMinusBeta2: f32;
  eps: f32;
  weightDecay: f32;
  shrink: f32;
  /** 1 / (1 - beta1^t), and 1 / √(1 - beta2^t). */
  stepSize: f32;
  deviationScale: f32;
  /** μ(t) and μ(t + 1) of NADAM. */
  now: f32;
  next: f32;
  /** RADAM's factor, or 0 as long as the variance is not known well enough. */
  rectification: f32;
  /** ADAGRAD's 1 / (1 + (t - 1) · decay). */
  rate: f32;
}

export function momentsTask(job: MomentsJob, task: i32): void {
  const end = endOf(job.size, job.taskSize, task);
  for (let at = beginOf(job.taskSize, task); at < end; at += 16) moments(job, at, countAt(at, end));
}

function moments(job: MomentsJob, at: usize, count: i32): void {
  const p = loadFew(job.parameters + at, count);
  const g = direction(f32x4.splat(job.sign), loadFew(job.gradients + at, count), f32x4.splat(job.weightDecay), p);
  const d = job.form == ADAGRAD ? adagrad(job, at, g, count) : averaged(job, at, g, count);
  const shrunk = f32x4.mul(f32x4.splat(job.shrink), p);
  storeFew(job.parameters + at, f32x4.sub(shrunk, f32x4.mul(f32x4.splat(job.lr), d)), count);
}

/** The new average of the squares, or Adagrad's sum of them. */
@inline
function varianceOf(job: MomentsJob, at: usize, g: v128, count: i32): v128 {
  const before = loadFew(job.variance + at, count);
  const v = variance(f32x4.splat(job.beta2), before, f32x4.splat(job.oneMinusBeta2), g, job.eps != 0);
  storeFew(job.variance + at, v, count);
  return v;
}

@inline
function adagrad(job: MomentsJob, at: usize, g: v128, count: i32): v128 {
  const v = varianceOf(job, at, g, count);
  return f32x4.div(f32x4.mul(f32x4.splat(job.rate), g), deviation(v, f32x4.splat(1), f32x4.splat(job.eps)));
}

/** The forms with an average of the gradient. */
@inline
function averaged(job: MomentsJob, at: usize, g: v128, count: i32): v128 {
  const before = loadFew(job.mean + at, count);
  const m = decayed(towards(before, f32x4.splat(job.oneMinusBeta1), g));
  if (job.form > ADAGRAD) {
    storeFew(job.mean + at, decayed(towards(before, f32x4.splat(job.oneMinusBeta2), g)), count);
    return signOf(m);
  }
  storeFew(job.mean + at, m, count);
  const v = varianceOf(job, at, g, count);
  const step = f32x4.mul(f32x4.splat(job.stepSize), m);
  if (job.form == RADAM) {
    if (job.rectification == 0) return step;
    return f32x4.mul(step, f32x4.div(f32x4.splat(job.rectification), deviation(v, f32x4.splat(1), f32x4.splat(job.eps))));
  }
  if (job.form == AMSGRAD) {
    const third = loadFew(job.third + at, count);
    // NaN in either stays.
    const greatest = f32x4.max(third, v);
    storeFew(job.third + at, greatest, count);
    return f32x4.div(step, deviation(greatest, f32x4.splat(job.deviationScale), f32x4.splat(job.eps)));
  }
  return nadam(job, at, g, m, v, count);
}

@inline
function nadam(job: MomentsJob, at: usize, g: v128, m: v128, v: v128, count: i32): v128 {
  const one = f32x4.splat(1);
  const next = f32x4.splat(job.next);
  const w = decayed(f32x4.mul(loadFew(job.third + at, count), f32x4.splat(job.now)));
  storeFew(job.third + at, w, count);
  const ofGradient = f32x4.div(f32x4.splat(1 - job.now), f32x4.sub(one, w));
  const ofMean = f32x4.div(next, f32x4.sub(one, f32x4.mul(w, next)));
  const d = f32x4.add(f32x4.mul(ofGradient, g), f32x4.mul(ofMean, m));
  return f32x4.div(d, deviation(v, f32x4.splat(job.deviationScale), f32x4.splat(job.eps)));
}

/** 1, -1, or what is neither: 0 and NaN. */
@inline
function signOf(x: v128): v128 {
  const zero = f32x4.splat(0);
  const one = select(f32x4.splat(1), x, f32x4.gt(x, zero));
  return select(f32x4.splat(-1), one, f32x4.lt(x, zero));
}
