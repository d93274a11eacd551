// crossEntropyGradient: the gradient of crossEntropy with respect to its logits.
//
//   out[r, j] = gradient[r] · (exp(x[r, j] - normaliser[r]) - [j = target[r]])
//
// Shapes     x [rows, classes], contiguous from `offset`; target, normaliser [rows]; gradient [rows] with any
//            stride (0 for a mean); out [rows, classes].
// Launch     one invocation an element; a grid wider than 65,535 workgroups folds into y.

struct Params {
  size: u32,
  classes: u32,
  offset: i32,
  targetOffset: i32,
  targetStride: i32,
  gradientOffset: i32,
  gradientStride: i32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read> normaliser: array<f32>;
@group(0) @binding(3) var<storage, read> gradient: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  let index = id.y * grid.x * WORKGROUP + id.x;
  if (index >= params.size) {
    return;
  }
  let row = i32(index / params.classes);
  let label = labels[params.targetOffset + row * params.targetStride];
  let isTarget = label == i32(index % params.classes);
  let probability = exp(x[u32(params.offset) + index] - normaliser[row]);
  out[index] = gradient[params.gradientOffset + row * params.gradientStride] * (probability - select(0.0, 1.0, isTarget));
}
