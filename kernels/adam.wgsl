// adam: one step of Adam, or AdamW, over flat parameters.
//
//   g = sign · gradients + weightDecay · p               (sign: 1, or -1 to maximise)
//   m = m + (1 - beta1) · (g - m)
//   v = beta2 · v + (1 - beta2) · g²
//   p = shrink · p - stepSize · m / (√v / rootCorrection2 + eps)
//
//   stepSize = lr / (1 - beta1^t),  rootCorrection2 = √(1 - beta2^t)
//
// The host computes both in float64. With GUARDED the kernel computes them: `stepSize` is then lr, and t = step -
// counts[2], the number of steps taken. Adam decays by weightDecay, with shrink 1; AdamW by shrink = 1 - lr · decay,
// with weightDecay 0.
//
// Shapes     parameters, gradients, mean, variance: `size` elements from `offset`; the memory is a multiple of four
//            elements.
// Launch     a grid of any size in x: each invocation handles groups of four elements one grid width apart. Elements of
//            a group outside the segment keep their value.
// Numerics   without gradients, m and v decay to 0 and do not stay at the smallest subnormal numbers, where rounding would
//            keep them and processors compute slowly. WGSL lets a device flush such numbers; the CPU's twin does.
// Guard      with GUARDED the step is skipped if counts[0] is not 0, because a gradient is not finite. `counts` belongs
//            to a GradScaler; counts[2] is the number of skipped steps. For a parameter that came after some of them, t
//            is at least 1. Without GUARDED, `counts` is bound, but not read.
// Source     Kingma, Ba: Adam (2015); Loshchilov, Hutter: Decoupled weight decay regularization (2019); in the form of
//            PyTorch's torch.optim.Adam and AdamW.

struct Params {
  size: u32,
  offset: u32,
  sign: f32,
  oneMinusBeta1: f32,
  beta2: f32,
  oneMinusBeta2: f32,
  eps: f32,
  weightDecay: f32,
  shrink: f32,
  stepSize: f32,
  rootCorrection2: f32,
  step: f32,
  logBeta1: f32,
  logBeta2: f32,
}

@group(0) @binding(0) var<storage, read> gradients: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> mean: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> variance: array<vec4f>;
@group(0) @binding(4) var<storage, read> counts: array<i32>;
@group(0) @binding(5) var<uniform> params: Params;

override WORKGROUP: u32 = 64u;
override GUARDED: bool = false;

// 1 - exp(x) for x ≤ 0, accurate even if exp(x) is close to 1 and the difference would cancel.
fn oneMinusExp(x: f32) -> f32 {
  let series = -x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0 * (1.0 + x / 6.0)))));
  return select(1.0 - exp(x), series, x > -0.25);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  if (GUARDED && counts[0] != 0) {
    return;
  }
  let end = params.offset + params.size;
  var stepSize = params.stepSize;
  var rootCorrection2 = params.rootCorrection2;
  if (GUARDED) {
    let taken = max(params.step - f32(counts[2]), 1.0);
    stepSize /= oneMinusExp(taken * params.logBeta1);
    rootCorrection2 = sqrt(oneMinusExp(taken * params.logBeta2));
  }
  for (var at = params.offset / 4u + id.x; at * 4u < end; at += grid.x * WORKGROUP) {
    let elements = at * 4u + vec4u(0u, 1u, 2u, 3u);
    let own = (elements >= vec4u(params.offset)) & (elements < vec4u(end));
    let parameter = parameters[at];
    let oldMean = mean[at];
    let oldVariance = variance[at];
    // Without weight decay, an infinite parameter stays: 0 times it would be NaN.
    let decay = select(params.weightDecay * parameter, vec4f(), params.weightDecay == 0.0);
    let gradient = params.sign * gradients[at] + decay;
    let m = oldMean + params.oneMinusBeta1 * (gradient - oldMean);
    let v = params.beta2 * oldVariance + params.oneMinusBeta2 * gradient * gradient;
    let next = params.shrink * parameter - stepSize * m / (sqrt(v) / rootCorrection2 + params.eps);
    mean[at] = select(oldMean, m, own);
    variance[at] = select(oldVariance, v, own);
    parameters[at] = select(parameter, next, own);
  }
}
