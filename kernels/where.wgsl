// where: chooses between two elements, with broadcasting.
//
//   out[i] = a[i] if condition[i], else b[i]
//
// Shapes     condition, a and b of up to three axes (after merging) with any strides, 0 for a broadcast axis; out
//            contiguous, row-major, `size` elements.
// Elements   any 32-bit type. Words are moved without arithmetic, so NaN keeps its bits.
// Launch     a grid of any size in x: each invocation handles elements one grid width apart.

struct Params {
  shape: vec3<u32>,
  size: u32,
  conditionStrides: vec3<i32>,
  conditionOffset: i32,
  aStrides: vec3<i32>,
  aOffset: i32,
  bStrides: vec3<i32>,
  bOffset: i32,
}

@group(0) @binding(0) var<storage, read> condition: array<u32>;
@group(0) @binding(1) var<storage, read> a: array<u32>;
@group(0) @binding(2) var<storage, read> b: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<u32>;
@group(0) @binding(4) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var index = id.x; index < params.size; index += grid.x * WORKGROUP) {
    let rows = index / params.shape.z;
    let at = vec3<i32>(vec3<u32>(rows / params.shape.y, rows % params.shape.y, index % params.shape.z));
    if (condition[params.conditionOffset + dot(at, params.conditionStrides)] != 0u) {
      out[index] = a[params.aOffset + dot(at, params.aStrides)];
    } else {
      out[index] = b[params.bOffset + dot(at, params.bStrides)];
    }
  }
}
