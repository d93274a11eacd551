// Layer norm and its gradients: see kernels/layerNorm.wgsl, kernels/layerNormGradient.wgsl and kernels/layerNormSums.wgsl.
//
// Numerics   float64, and one rounding per result, as in the plain twins. Sums of a row are added up in four parts.

@unmanaged
export class LayerNormJob {
  x: usize;
  weight: usize;
  bias: usize;
  out: usize;
  stats: usize;
  gradient: usize;
  rows: i32;
  length: i32;
  /** Bytes from one element of weight and bias to the next: 0 where they are a single number. */
  weightStep: i32;
  biasStep: i32;
  eps: f32;
  /** Rows of a chunk, for `sums`. */
  chunk: i32;
  /** Rows of a task, or columns for `sums`. */
  taskSize: i32;
}

/** Two numbers as float64. */
@inline
function two(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at));
}

/** Two factors or summands of adjacent columns, or one for both. */
@inline
function twoOf(at: usize, step: i32): v128 {
  return step == 0 ? f64x2.promote_low_f32x4(v128.load32_splat(at)) : two(at);
}

@inline
function storeTwo(at: usize, value: v128): void {
  v128.store64_lane(at, f32x4.demote_f64x2_zero(value), 0);
}

@inline
function added(pair: v128): f64 {
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

export function layerNormTask(job: LayerNormJob, task: i32): void {
  const last = min((task + 1) * job.taskSize, job.rows);
  for (let row = task * job.taskSize; row < last; row++) normalise(job, row);
}

function normalise(job: LayerNormJob, row: i32): void {
  const length = job.length;
  const line = (<usize>length) << 2;
  const start = job.x + <usize>row * line;
  const end = start + line;
  const whole = start + (<usize>(length & ~3) << 2);
  let low = f64x2.splat(0);
  let high = low;
  let x = start;
  for (; x < whole; x += 16) {
    low = f64x2.add(low, two(x));
    high = f64x2.add(high, two(x + 8));
  }
  let total = added(f64x2.add(low, high));
  for (; x < end; x += 4) total += <f64>load<f32>(x);
  const mean = total / <f64>length;
  const means = f64x2.splat(mean);
  low = high = f64x2.splat(0);
  for (x = start; x < whole; x += 16) {
    const left = f64x2.sub(two(x), means);
    const right = f64x2.sub(two(x + 8), means);
    low = f64x2.add(low, f64x2.mul(left, left));
    high = f64x2.add(high, f64x2.mul(right, right));
  }
  let squares = added(f64x2.add(low, high));
  for (; x < end; x += 4) {
    const difference = <f64>load<f32>(x) - mean;
    squares += difference * difference;
  }
  const scale: f64 = 1 / sqrt<f64>(squares / <f64>length + <f64>job.eps);
  const stats = job.stats + ((<usize>row) << 3);
  store<f32>(stats, <f32>mean);
  store<f32>(stats, <f32>scale, 4);
  const scales = f64x2.splat(scale);
  let weight = job.weight;
  let bias = job.bias;
  let out = job.out + <usize>row * line;
  for (x = start; x + 8 <= end; x += 8, out += 8, weight += 2 * job.weightStep, bias += 2 * job.biasStep) {
    const slope = f64x2.mul(scales, twoOf(weight, job.weightStep));
    const normal = f64x2.mul(f64x2.sub(two(x), means), slope);
    storeTwo(out, f64x2.add(normal, twoOf(bias, job.biasStep)));
  }
  if (x < end) {
    const slope = scale * <f64>load<f32>(weight);
    store<f32>(out, <f32>((<f64>load<f32>(x) - mean) * slope + <f64>load<f32>(bias)));
  }
}

export function layerNormGradientTask(job: LayerNormJob, task: i32): void {
  const last = min((task + 1) * job.taskSize, job.rows);
  for (let row = task * job.taskSize; row < last; row++) denormalise(job, row);
}

function denormalise(job: LayerNormJob, row: i32): void {
  const count = <f64>job.length;
  const line = (<usize>job.length) << 2;
  const start = <usize>row * line;
  const even = start + (<usize>(job.length & ~1) << 2);
  const stats = job.stats + ((<usize>row) << 3);
  const mean = <f64>load<f32>(stats);
  const scale = <f64>load<f32>(stats, 4);
  const means = f64x2.splat(mean);
  const scales = f64x2.splat(scale);
  let totals = f64x2.splat(0);
  let products = totals;
  let weight = job.weight;
  let at = start;
  for (; at < even; at += 8, weight += 2 * job.weightStep) {
    const slope = f64x2.mul(two(job.gradient + at), twoOf(weight, job.weightStep));
    const normal = f64x2.mul(f64x2.sub(two(job.x + at), means), scales);
    totals = f64x2.add(totals, slope);
    products = f64x2.add(products, f64x2.mul(slope, normal));
  }
  let total = added(totals);
  let product = added(products);
  if (at < start + line) {
    const slope = <f64>load<f32>(job.gradient + at) * <f64>load<f32>(weight);
    total += slope;
    product += slope * ((<f64>load<f32>(job.x + at) - mean) * scale);
  }
  total /= count;
  product /= count;
  weight = job.weight;
  for (at = start; at < even; at += 8, weight += 2 * job.weightStep) {
    const slope = f64x2.mul(two(job.gradient + at), twoOf(weight, job.weightStep));
    const normal = f64x2.mul(f64x2.sub(two(job.x + at), means), scales);
    const tilt = f64x2.mul(normal, f64x2.splat(product));
    storeTwo(job.out + at, f64x2.mul(scales, f64x2.sub(f64x2.sub(slope, f64x2.splat(total)), tilt)));
  }
  if (at < start + line) {
    const slope = <f64>load<f32>(job.gradient + at) * <f64>load<f32>(weight);
    const normal = (<f64>load<f32>(job.x + at) - mean) * scale;
    store<f32>(job.out + at, <f32>(scale * (slope - total - normal * product)));
  }
}

/** The sums of gradient and gradient · x̂ over the rows of a chunk, for `taskSize` columns, to `out`. */
export function layerNormSumsTask(job: LayerNormJob, task: i32): void {
  const tasks = (job.length + job.taskSize - 1) / job.taskSize;
  const part = task / tasks;
  const first = part * job.chunk;
  const rows = min(job.chunk, job.rows - first);
  const line = (<usize>job.length) << 2;
  const stats = job.stats + ((<usize>first) << 3);
  const out = job.out + <usize>part * 2 * line;
  let j = (task - part * tasks) * job.taskSize;
  const last = min(j + job.taskSize, job.length);
  for (; j < last; j += 2) {
    const column = (<usize>j) << 2;
    // Beside the last of an odd number of columns lies the next row, or slack: its sum is not stored.
    const isPair = j + 1 < job.length;
    let at = <usize>first * line + column;
    let totals = f64x2.splat(0);
    let products = totals;
    for (let i = 0; i < rows; i++, at += line) {
      const pair = stats + ((<usize>i) << 3);
      const slope = two(job.gradient + at);
      const normal = f64x2.sub(two(job.x + at), f64x2.promote_low_f32x4(v128.load32_splat(pair)));
      totals = f64x2.add(totals, slope);
      const scale = f64x2.promote_low_f32x4(v128.load32_splat(pair + 4));
      products = f64x2.add(products, f64x2.mul(f64x2.mul(slope, normal), scale));
    }
    const sums = out + column;
    if (isPair) {
      storeTwo(sums, totals);
      storeTwo(sums + line, products);
    } else {
      store<f32>(sums, <f32>f64x2.extract_lane(totals, 0));
      store<f32>(sums + line, <f32>f64x2.extract_lane(products, 0));
    }
  }
}
