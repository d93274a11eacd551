// Adam and SGD over flat buffers, as defined in kernels/adam.wgsl and sgd.wgsl, in float32.

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
  const first = task * job.taskSize;
  const count = min(job.taskSize, job.size - first);
  let at = (<usize>first) << 2;
  const whole = at + ((<usize>(count & ~3)) << 2);
  const end = at + ((<usize>count) << 2);
  for (; at < whole; at += 16) {
    const p = v128.load(job.parameters + at);
    const m = v128.load(job.mean + at);
    const v = v128.load(job.variance + at);
    const g = f32x4.add(
      f32x4.mul(f32x4.splat(job.sign), v128.load(job.gradients + at)),
      f32x4.mul(f32x4.splat(job.weightDecay), p),
    );
    const mean = f32x4.add(m, f32x4.mul(f32x4.splat(job.oneMinusBeta1), f32x4.sub(g, m)));
    const variance = f32x4.add(
      f32x4.mul(f32x4.splat(job.beta2), v),
      f32x4.mul(f32x4.mul(f32x4.splat(job.oneMinusBeta2), g), g),
    );
    v128.store(job.mean + at, mean);
    v128.store(job.variance + at, variance);
    const root = f32x4.add(
      f32x4.div(f32x4.sqrt(variance), f32x4.splat(job.rootCorrection2)),
      f32x4.splat(job.eps),
    );
    const step = f32x4.div(f32x4.mul(f32x4.splat(job.stepSize), mean), root);
    v128.store(job.parameters + at, f32x4.sub(f32x4.mul(f32x4.splat(job.shrink), p), step));
  }
  for (; at < end; at += 4) {
    const p = load<f32>(job.parameters + at);
    const m = load<f32>(job.mean + at);
    const g = job.sign * load<f32>(job.gradients + at) + job.weightDecay * p;
    const mean = m + job.oneMinusBeta1 * (g - m);
    const variance = job.beta2 * load<f32>(job.variance + at) + job.oneMinusBeta2 * g * g;
    store<f32>(job.mean + at, mean);
    store<f32>(job.variance + at, variance);
    const step = (job.stepSize * mean) / (sqrt<f32>(variance) / job.rootCorrection2 + job.eps);
    store<f32>(job.parameters + at, job.shrink * p - step);
  }
}
