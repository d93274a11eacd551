// sgd: one step of stochastic gradient descent over flat parameters.
//
//   g = sign · gradients + weightDecay · p                         (sign: 1, or -1 to maximise)
//   v = step 1 ? g : momentum · v + (1 - dampening) · g        (only with momentum)
//   d = nesterov ? g + momentum · v : v
//   p = p - lr · d
//
// Shapes     parameters, gradients, velocity: `size` elements from `offset`; velocity only with momentum.
// Launch     a grid of any size in x: each invocation handles elements one grid width apart.
// Numerics   without gradients, v decays to 0, past the subnormal numbers: see adam.wgsl.
// Guard      with GUARDED the step is skipped if counts[0] is not 0, because a gradient is not finite. `counts` belongs
//            to a GradScaler; counts[2] is the number of skipped steps. Without GUARDED, `counts` is bound, but not
//            read.
// Source     PyTorch's torch.optim.SGD (the velocity starts as the first gradient, without the factor 1 - dampening).

struct Params {
  size: u32,
  offset: u32,
  sign: f32,
  lr: f32,
  momentum: f32,
  dampening: f32,
  weightDecay: f32,
  step: u32,
  nesterov: u32,
}

@group(0) @binding(0) var<storage, read> gradients: array<f32>;
@group(0) @binding(1) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(2) var<storage, read_write> velocity: array<f32>;
@group(0) @binding(3) var<storage, read> counts: array<i32>;
@group(0) @binding(4) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;
override GUARDED: bool = false;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  if (GUARDED && counts[0] != 0) {
    return;
  }
  var taken = i32(params.step);
  if (GUARDED) {
    taken -= counts[2];
  }
  for (var element = id.x; element < params.size; element += grid.x * WORKGROUP) {
    let at = params.offset + element;
    let parameter = parameters[at];
    // Without weight decay, an infinite parameter stays: 0 times it would be NaN.
    let decay = select(params.weightDecay * parameter, 0.0, params.weightDecay == 0.0);
    let gradient = params.sign * gradients[at] + decay;
    var direction = gradient;
    if (params.momentum != 0.0) {
      var v = gradient;
      if (taken != 1) {
        v = params.momentum * velocity[at] + (1.0 - params.dampening) * gradient;
      }
      velocity[at] = v;
      direction = select(v, gradient + params.momentum * v, params.nesterov != 0u);
    }
    parameters[at] = parameter - params.lr * direction;
  }
}
