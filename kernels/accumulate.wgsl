// accumulate: adds a tensor to another in place.
//
//   out[outOffset + i] += x[xOffset + i]
//
// Shapes     x and out contiguous, `size` elements.
// Launch     a grid of any size in x: each invocation handles elements one grid width apart.
// Numerics   float32. One invocation handles each element, so the order of additions is the order of launches.

struct Params {
  size: u32,
  xOffset: i32,
  outOffset: i32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var index = id.x; index < params.size; index += grid.x * WORKGROUP) {
    out[params.outOffset + i32(index)] += x[params.xOffset + i32(index)];
  }
}
