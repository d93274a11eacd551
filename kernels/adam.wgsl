// adam: one step of Adam, or AdamW, over flat parameters.
//
//   g = sign · gradients + weightDecay · p               (sign: 1, or -1 to maximise)
//   m = m + (1 - beta1) · (g - m)
//   v = beta2 · v + (1 - beta2) · g²
//   p = shrink · p - stepSize · m / (√v / rootCorrection2 + eps)
//
//   stepSize = lr / (1 - beta1^t),  rootCorrection2 = √(1 - beta2^t),  computed on the host in float64
//   Adam decays by weightDecay, with shrink 1; AdamW by shrink = 1 - lr · decay, with weightDecay 0.
//
// Shapes     parameters, gradients, mean, variance: `size` elements from `offset`.
// Launch     one invocation an element; a grid wider than 65,535 workgroups folds into y.
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
}

@group(0) @binding(0) var<storage, read> gradients: array<f32>;
@group(0) @binding(1) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> variance: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  let element = id.y * grid.x * WORKGROUP + id.x;
  if (element >= params.size) {
    return;
  }
  let at = params.offset + element;
  let parameter = parameters[at];
  let gradient = params.sign * gradients[at] + params.weightDecay * parameter;
  let m = mean[at] + params.oneMinusBeta1 * (gradient - mean[at]);
  let v = params.beta2 * variance[at] + params.oneMinusBeta2 * gradient * gradient;
  mean[at] = m;
  variance[at] = v;
  parameters[at] = params.shrink * parameter - params.stepSize * m / (sqrt(v) / params.rootCorrection2 + params.eps);
}
