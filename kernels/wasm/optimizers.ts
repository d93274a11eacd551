// Steps of optimizers over flat buffers, as defined in kernels/adam.wgsl, sgd.wgsl, rmsprop.wgsl and moments.wgsl, and the
// scaling of clip.wgsl, in float32, four elements at a time.

import { loadFew, storeFew } from './lanes';
import { select } from './madd';

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

/** The gradient to follow: sign · g + weightDecay · p. */
@inline
function direction(sign: f32, gradient: v128, weightDecay: f32, parameter: v128): v128 {
  return f32x4.add(
    f32x4.mul(f32x4.splat(sign), gradient),
    f32x4.mul(f32x4.splat(weightDecay), parameter),
  );
}

/**
 * a · x + b · g², without subnormal numbers where g is 0. If eps is 0, it is what keeps a divisor from 0, and may be subnormal.
 */
@inline
function variance(a: f32, x: v128, b: f32, g: v128, eps: f32): v128 {
  const v = f32x4.add(f32x4.mul(f32x4.splat(a), x), f32x4.mul(f32x4.mul(f32x4.splat(b), g), g));
  if (eps == 0) return v;
  return v128.andnot(v, v128.and(isSubnormal(v), f32x4.eq(g, f32x4.splat(0))));
}

/** x + share · (g - x) */
@inline
function towards(x: v128, share: f32, g: v128): v128 {
  return f32x4.add(x, f32x4.mul(f32x4.splat(share), f32x4.sub(g, x)));
}

/** √v / correction + eps */
@inline
function deviation(v: v128, correction: f32, eps: f32): v128 {
  return f32x4.add(f32x4.div(f32x4.sqrt(v), f32x4.splat(correction)), f32x4.splat(eps));
}

const ADAM = 0;
const SGD = 1;
const RMSPROP = 2;
const MOMENTS = 3;

/** The elements of a task, four at a time, and the last ones. Inlined, so that each optimizer gets loops of its own. */
@inline
function eachFour(optimizer: i32, job: usize, size: i32, taskSize: i32, task: i32): void {
  let element = task * taskSize;
  const end = min(element + taskSize, size);
  for (; element + 4 <= end; element += 4) stepOf(optimizer, job, element, 4);
  if (element < end) stepOf(optimizer, job, element, end - element);
}

@inline
function stepOf(optimizer: i32, job: usize, element: i32, count: i32): void {
  const at = (<usize>element) << 2;
  if (optimizer == ADAM) adam(changetype<AdamJob>(job), at, count);
  else if (optimizer == SGD) sgd(changetype<SgdJob>(job), at, count);
  else if (optimizer == RMSPROP) rmsprop(changetype<RmspropJob>(job), at, count);
  else moments(changetype<MomentsJob>(job), at, count);
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
  rootCorrection2: f32;
}

export function adamTask(job: AdamJob, task: i32): void {
  eachFour(ADAM, changetype<usize>(job), job.size, job.taskSize, task);
}

@inline
function adam(job: AdamJob, at: usize, count: i32): void {
  const p = loadFew(job.parameters + at, count);
  const g = direction(job.sign, loadFew(job.gradients + at, count), job.weightDecay, p);
  const m = decayed(towards(loadFew(job.mean + at, count), job.oneMinusBeta1, g));
  const v = variance(job.beta2, loadFew(job.variance + at, count), job.oneMinusBeta2, g, job.eps);
  storeFew(job.mean + at, m, count);
  storeFew(job.variance + at, v, count);
  const step = f32x4.div(f32x4.mul(f32x4.splat(job.stepSize), m), deviation(v, job.rootCorrection2, job.eps));
  storeFew(job.parameters + at, f32x4.sub(f32x4.mul(f32x4.splat(job.shrink), p), step), count);
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
  eachFour(SGD, changetype<usize>(job), job.size, job.taskSize, task);
}

@inline
function sgd(job: SgdJob, at: usize, count: i32): void {
  const p = loadFew(job.parameters + at, count);
  const g = direction(job.sign, loadFew(job.gradients + at, count), job.weightDecay, p);
  let d = g;
  if (job.momentum != 0) {
    const momentum = f32x4.splat(job.momentum);
    let v = g;
    if (!job.firstStep) {
      v = f32x4.mul(momentum, loadFew(job.velocity + at, count));
      v = decayed(f32x4.add(v, f32x4.mul(f32x4.splat(job.oneMinusDampening), g)));
    }
    storeFew(job.velocity + at, v, count);
    d = job.nesterov ? f32x4.add(g, f32x4.mul(momentum, v)) : v;
  }
  storeFew(job.parameters + at, f32x4.sub(p, f32x4.mul(f32x4.splat(job.lr), d)), count);
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
  eachFour(RMSPROP, changetype<usize>(job), job.size, job.taskSize, task);
}

@inline
function rmsprop(job: RmspropJob, at: usize, count: i32): void {
  const p = loadFew(job.parameters + at, count);
  const g = direction(job.sign, loadFew(job.gradients + at, count), job.weightDecay, p);
  let s = variance(job.alpha, loadFew(job.squares + at, count), job.oneMinusAlpha, g, job.eps);
  storeFew(job.squares + at, s, count);
  if (job.means) {
    const mean = decayed(towards(loadFew(job.means + at, count), job.oneMinusAlpha, g));
    storeFew(job.means + at, mean, count);
    // Rounding must not make it negative. NaN stays.
    s = f32x4.max(f32x4.sub(s, f32x4.mul(mean, mean)), f32x4.splat(0));
  }
  let d = f32x4.div(g, deviation(s, 1, job.eps));
  if (job.momentum != 0) {
    d = decayed(f32x4.add(f32x4.mul(f32x4.splat(job.momentum), loadFew(job.velocity + at, count)), d));
    storeFew(job.velocity + at, d, count);
  }
  storeFew(job.parameters + at, f32x4.sub(p, f32x4.mul(f32x4.splat(job.lr), d)), count);
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
  /** 1 / (1 - beta1^t), and √(1 - beta2^t). */
  stepSize: f32;
  rootCorrection2: f32;
  /** μ(t) and μ(t + 1) of NADAM. */
  now: f32;
  next: f32;
  /** RADAM's factor, or 0 as long as the variance is not known well enough. */
  rectification: f32;
  /** ADAGRAD's 1 / (1 + (t - 1) · decay). */
  rate: f32;
}

export function momentsTask(job: MomentsJob, task: i32): void {
  eachFour(MOMENTS, changetype<usize>(job), job.size, job.taskSize, task);
}

function moments(job: MomentsJob, at: usize, count: i32): void {
  const p = loadFew(job.parameters + at, count);
  const g = direction(job.sign, loadFew(job.gradients + at, count), job.weightDecay, p);
  const d = job.form == ADAGRAD ? adagrad(job, at, g, count) : averaged(job, at, g, count);
  const shrunk = f32x4.mul(f32x4.splat(job.shrink), p);
  storeFew(job.parameters + at, f32x4.sub(shrunk, f32x4.mul(f32x4.splat(job.lr), d)), count);
}

@inline
function adagrad(job: MomentsJob, at: usize, g: v128, count: i32): v128 {
  const v = variance(job.beta2, loadFew(job.variance + at, count), job.oneMinusBeta2, g, job.eps);
  storeFew(job.variance + at, v, count);
  return f32x4.div(f32x4.mul(f32x4.splat(job.rate), g), deviation(v, 1, job.eps));
}

/** The forms with an average of the gradient. */
@inline
function averaged(job: MomentsJob, at: usize, g: v128, count: i32): v128 {
  const before = loadFew(job.mean + at, count);
  const m = decayed(towards(before, job.oneMinusBeta1, g));
  if (job.form > ADAGRAD) {
    storeFew(job.mean + at, decayed(towards(before, job.oneMinusBeta2, g)), count);
    return signOf(m);
  }
  storeFew(job.mean + at, m, count);
  const v = variance(job.beta2, loadFew(job.variance + at, count), job.oneMinusBeta2, g, job.eps);
  storeFew(job.variance + at, v, count);
  const step = f32x4.mul(f32x4.splat(job.stepSize), m);
  if (job.form == RADAM) {
    if (job.rectification == 0) return step;
    return f32x4.mul(step, f32x4.div(f32x4.splat(job.rectification), deviation(v, 1, job.eps)));
  }
  if (job.form == AMSGRAD) {
    const third = loadFew(job.third + at, count);
    // NaN in either stays.
    const greatest = f32x4.max(third, v);
    storeFew(job.third + at, greatest, count);
    return f32x4.div(step, deviation(greatest, job.rootCorrection2, job.eps));
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
  return f32x4.div(d, deviation(v, job.rootCorrection2, job.eps));
}

/** 1, -1, or what is neither: 0 and NaN. */
@inline
function signOf(x: v128): v128 {
  const zero = f32x4.splat(0);
  const one = select(f32x4.splat(1), x, f32x4.gt(x, zero));
  return select(f32x4.splat(-1), one, f32x4.lt(x, zero));
}
