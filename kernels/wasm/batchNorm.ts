// Batch norm, as defined in kernels/batchNorm*.wgsl. A channel has one run of `inner` elements in each image; a plane
// is such a run.
//
// Numerics   float64 sums, two passes for the variance; float32 for each element.

import { sumRun } from './reduce';

@unmanaged
export class BatchNormJob {
  x: usize;
  gradient: usize;
  /** The output, or the partial results. */
  out: usize;
  /** For statistics: mean and 1 / deviation of every channel. For element-wise tasks: four numbers per channel. */
  constants: usize;
  channels: i32;
  inner: i32;
  /** Elements of a channel, and of one part of it. */
  count: i32;
  chunk: i32;
  planes: i32;
  taskPlanes: i32;
}

/** The mean and Σ (x - mean)² of one part of one channel. */
export function batchNormStatisticsTask(job: BatchNormJob, task: i32): void {
  const part = task / job.channels;
  const channel = task % job.channels;
  const first = part * job.chunk;
  const last = min(first + job.chunk, job.count);
  let total: f64 = 0;
  for (let position = first; position < last;) {
    const next = min((position / job.inner + 1) * job.inner, last);
    total += sumRun(place(job, job.x, channel, position), next - position);
    position = next;
  }
  const mean = total / <f64>(last - first);
  let square: f64 = 0;
  for (let position = first; position < last;) {
    const next = min((position / job.inner + 1) * job.inner, last);
    square += deviation(place(job, job.x, channel, position), next - position, mean);
    position = next;
  }
  const out = job.out + ((<usize>task) << 3);
  store<f32>(out, <f32>mean);
  store<f32>(out, <f32>square, 4);
}

/** Σ gradient and Σ gradient · (x - mean) · scale of one part of one channel. */
export function batchNormSumsTask(job: BatchNormJob, task: i32): void {
  const part = task / job.channels;
  const channel = task % job.channels;
  const first = part * job.chunk;
  const last = min(first + job.chunk, job.count);
  const mean = job.constants + ((<usize>channel) << 2);
  let sums = f64x2.splat(0);
  for (let position = first; position < last;) {
    const next = min((position / job.inner + 1) * job.inner, last);
    const x = place(job, job.x, channel, position);
    const gradient = place(job, job.gradient, channel, position);
    sums = f64x2.add(sums, gradientSums(x, gradient, next - position, load<f32>(mean)));
    position = next;
  }
  const channels = (<usize>job.channels) << 2;
  const out = job.out + <usize>(2 * part) * channels + ((<usize>channel) << 2);
  store<f32>(out, <f32>f64x2.extract_lane(sums, 0));
  store<f32>(out + channels, <f32>(f64x2.extract_lane(sums, 1) * <f64>load<f32>(mean + channels)));
}

/** The address of element `position` of a channel. */
function place(job: BatchNormJob, array: usize, channel: i32, position: i32): usize {
  const row = position / job.inner;
  return array + ((<usize>((row * job.channels + channel - row) * job.inner + position)) << 2);
}

/** Σ (x - mean)² */
function deviation(x: usize, count: i32, mean: f64): f64 {
  const middle = f64x2.splat(mean);
  let low = f64x2.splat(0);
  let high = low;
  const whole = x + ((<usize>(count & ~3)) << 2);
  const end = x + ((<usize>count) << 2);
  for (; x < whole; x += 16) {
    const a = f64x2.sub(f64x2.promote_low_f32x4(v128.load64_zero(x)), middle);
    const b = f64x2.sub(f64x2.promote_low_f32x4(v128.load64_zero(x, 8)), middle);
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  const both = f64x2.add(low, high);
  let total = f64x2.extract_lane(both, 0) + f64x2.extract_lane(both, 1);
  for (; x < end; x += 4) {
    const a = <f64>load<f32>(x) - mean;
    total += a * a;
  }
  return total;
}

/** (Σ gradient, Σ gradient · (x - mean)) */
function gradientSums(x: usize, gradient: usize, count: i32, mean: f64): v128 {
  const middle = f64x2.splat(mean);
  let total = f64x2.splat(0);
  let product0 = total;
  let product1 = total;
  const whole = x + ((<usize>(count & ~3)) << 2);
  const end = x + ((<usize>count) << 2);
  for (; x < whole; x += 16, gradient += 16) {
    const g0 = f64x2.promote_low_f32x4(v128.load64_zero(gradient));
    const g1 = f64x2.promote_low_f32x4(v128.load64_zero(gradient, 8));
    const x0 = f64x2.sub(f64x2.promote_low_f32x4(v128.load64_zero(x)), middle);
    const x1 = f64x2.sub(f64x2.promote_low_f32x4(v128.load64_zero(x, 8)), middle);
    total = f64x2.add(total, f64x2.add(g0, g1));
    product0 = f64x2.add(product0, f64x2.mul(x0, g0));
    product1 = f64x2.add(product1, f64x2.mul(x1, g1));
  }
  const product = f64x2.add(product0, product1);
  let first = f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1);
  let second = f64x2.extract_lane(product, 0) + f64x2.extract_lane(product, 1);
  for (; x < end; x += 4, gradient += 4) {
    const g = <f64>load<f32>(gradient);
    first += g;
    second += (<f64>load<f32>(x) - mean) * g;
  }
  return f64x2.replace_lane(f64x2.splat(first), 1, second);
}

/** out = (x - center) · slope + shift, with (center, slope, shift, 0) for each channel. */
export function batchNormTask(job: BatchNormJob, task: i32): void {
  const last = min((task + 1) * job.taskPlanes, job.planes);
  for (let plane = task * job.taskPlanes; plane < last; plane++) {
    const constants = job.constants + ((<usize>(plane % job.channels)) << 4);
    const center = v128.load_splat<f32>(constants);
    const slope = v128.load_splat<f32>(constants, 4);
    const shift = v128.load_splat<f32>(constants, 8);
    const start = (<usize>(plane * job.inner)) << 2;
    let x = job.x + start;
    let out = job.out + start;
    const whole = out + ((<usize>(job.inner & ~3)) << 2);
    const end = out + ((<usize>job.inner) << 2);
    for (; out < whole; out += 16, x += 16) v128.store(out, normalised(v128.load(x), center, slope, shift));
    for (; out < end; out += 4, x += 4) {
      store<f32>(out, f32x4.extract_lane(normalised(v128.load(x), center, slope, shift), 0));
    }
  }
}

function normalised(x: v128, center: v128, slope: v128, shift: v128): v128 {
  return f32x4.add(f32x4.mul(f32x4.sub(x, center), slope), shift);
}

/** out = slope · (gradient - average - (x - mean) · tilt), with (mean, tilt, average, slope) for each channel. */
export function batchNormGradientTask(job: BatchNormJob, task: i32): void {
  const last = min((task + 1) * job.taskPlanes, job.planes);
  for (let plane = task * job.taskPlanes; plane < last; plane++) {
    const constants = job.constants + ((<usize>(plane % job.channels)) << 4);
    const mean = v128.load_splat<f32>(constants);
    const tilt = v128.load_splat<f32>(constants, 4);
    const average = v128.load_splat<f32>(constants, 8);
    const slope = v128.load_splat<f32>(constants, 12);
    const start = (<usize>(plane * job.inner)) << 2;
    let x = job.x + start;
    let g = job.gradient + start;
    let out = job.out + start;
    const whole = out + ((<usize>(job.inner & ~3)) << 2);
    const end = out + ((<usize>job.inner) << 2);
    for (; out < whole; out += 16, x += 16, g += 16) {
      v128.store(out, graded(v128.load(x), v128.load(g), mean, tilt, average, slope));
    }
    for (; out < end; out += 4, x += 4, g += 4) {
      store<f32>(out, f32x4.extract_lane(graded(v128.load(x), v128.load(g), mean, tilt, average, slope), 0));
    }
  }
}

function graded(x: v128, gradient: v128, mean: v128, tilt: v128, average: v128, slope: v128): v128 {
  const centered = f32x4.mul(f32x4.sub(x, mean), tilt);
  return f32x4.mul(slope, f32x4.sub(f32x4.sub(gradient, average), centered));
}
