// crossEntropyGradient: the gradient of crossEntropy with respect to its logits.
//
//   out[r, j] = gradient[r] · (exp(x[r, j] - normaliser[r, 0] - normaliser[r, 1]) - [j = target[r]])
//
// Shapes     x [rows, classes], contiguous from `offset`; target [rows]; normaliser [rows, 2], from crossEntropy;
//            gradient [rows] with any stride (0 for a mean); out [rows, classes].
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

fn isNan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// WGSL leaves open what exp makes of NaN, and drivers differ.
fn exponential(value: f32) -> f32 {
  return select(exp(value), value, isNan(value));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  let index = id.y * grid.x * WORKGROUP + id.x;
  if (index >= params.size) {
    return;
  }
  let row = i32(index / params.classes);
  let label = labels[params.targetOffset + row * params.targetStride];
  let isTarget = label == i32(index % params.classes);
  let logit = (x[u32(params.offset) + index] - normaliser[2 * row]) - normaliser[2 * row + 1];
  let probability = exponential(logit);
  out[index] = gradient[params.gradientOffset + row * params.gradientStride] * (probability - select(0.0, 1.0, isTarget));
}
