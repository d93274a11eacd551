// rmsprop: one step of RMSprop over flat parameters.
//
//   g = sign · gradients + weightDecay · p                           (sign: 1, or -1 to maximise)
//   s = alpha · s + (1 - alpha) · g²
//   a = a + (1 - alpha) · (g - a)                                    (only CENTERED)
//   d = g / (√(s - a²) + eps), without CENTERED g / (√s + eps)
//   b = momentum · b + d                                             (only with momentum)
//   p = p - lr · b, without momentum p - lr · d
//
// Shapes     parameters, gradients, squares (s), means (a), velocity (b): `size` elements from `offset`; means and
//            velocity are used only where the formulas say so.
// Launch     a grid of any size in x: each invocation handles elements one grid width apart.
// Numerics   s - a² is a variance. Rounding must not make it negative, because its root would be NaN. Where s overflows,
//            it is infinite: a² then does not. Without gradients, s, a and b decay to 0, past the subnormal numbers: see
//            adam.wgsl.
// Guard      with GUARDED the step is skipped if counts[0] is not 0, because a gradient is not finite. `counts` belongs
//            to a GradScaler; counts[2] is the number of skipped steps. Without GUARDED, `counts` is bound, but not
//            read.
// Source     Hinton: Neural networks for machine learning, lecture 6e (2012); Graves (2013) for the centered form; in
//            the form of PyTorch's torch.optim.RMSprop.

struct Params {
  size: u32,
  offset: u32,
  sign: f32,
  lr: f32,
  alpha: f32,
  oneMinusAlpha: f32,
  eps: f32,
  weightDecay: f32,
  momentum: f32,
}

@group(0) @binding(0) var<storage, read> gradients: array<f32>;
@group(0) @binding(1) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(2) var<storage, read_write> squares: array<f32>;
@group(0) @binding(3) var<storage, read_write> means: array<f32>;
@group(0) @binding(4) var<storage, read_write> velocity: array<f32>;
@group(0) @binding(5) var<storage, read> counts: array<i32>;
@group(0) @binding(6) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;
override GUARDED: bool = false;
override CENTERED: bool = false;

const GREATEST_FLOAT = 3.4028234e38;

// Tests the bits, because a compiler may turn the comparison into a maximum, which loses NaN.
fn isNegative(value: f32) -> bool {
  return bitcast<u32>(value) - 0x80000001u < 0x7f800000u;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  if (GUARDED && counts[0] != 0) {
    return;
  }
  for (var element = id.x; element < params.size; element += grid.x * WORKGROUP) {
    let at = params.offset + element;
    let parameter = parameters[at];
    // Without weight decay, an infinite parameter stays: 0 times it would be NaN.
    let decay = select(params.weightDecay * parameter, 0.0, params.weightDecay == 0.0);
    let gradient = params.sign * gradients[at] + decay;
    let square = params.alpha * squares[at] + params.oneMinusAlpha * gradient * gradient;
    squares[at] = square;
    var variance = square;
    if (CENTERED) {
      let mean = means[at] + params.oneMinusAlpha * (gradient - means[at]);
      means[at] = mean;
      variance = square - min(mean * mean, GREATEST_FLOAT);
      variance = select(variance, 0.0, isNegative(variance));
    }
    var direction = gradient / (sqrt(variance) + params.eps);
    if (params.momentum != 0.0) {
      direction = params.momentum * velocity[at] + direction;
      velocity[at] = direction;
    }
    parameters[at] = parameter - params.lr * direction;
  }
}
