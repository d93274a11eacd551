// copy: moves elements from one strided layout to another.
//
//   out[outOffset + Σ_d c_d · outStrides_d] = x[xOffset + Σ_d c_d · xStrides_d]   for all coordinates c
//
// Shapes     up to four axes (after merging), any strides on both sides, where the elements of out do not overlap. Used
//            by contiguous, cat, stack, pad and the gradients of slices.
// Elements   any 32-bit type, or f16. Words are moved without arithmetic.
// Launch     a grid of any size in x: each invocation handles elements one grid width apart.

struct Params {
  size: u32,
  xOffset: i32,
  outOffset: i32,
  shape: vec4<u32>,
  xStrides: vec4<i32>,
  outStrides: vec4<i32>,
}

alias Element = u32;

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> out: array<Element>;
@group(0) @binding(2) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;
override RANK: u32 = 4u;

// Row-major coordinates of element `index`. Axes before the last RANK have size 1.
fn coordinates(index: u32) -> vec4<i32> {
  if (RANK <= 1u) {
    return vec4<i32>(0, 0, 0, i32(index));
  }
  let w = index % params.shape.w;
  let rows = index / params.shape.w;
  if (RANK == 2u) {
    return vec4<i32>(0, 0, i32(rows), i32(w));
  }
  let z = rows % params.shape.z;
  let planes = rows / params.shape.z;
  if (RANK == 3u) {
    return vec4<i32>(0, i32(planes), i32(z), i32(w));
  }
  return vec4<i32>(i32(planes / params.shape.y), i32(planes % params.shape.y), i32(z), i32(w));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var index = id.x; index < params.size; index += grid.x * WORKGROUP) {
    let at = coordinates(index);
    out[params.outOffset + dot(at, params.outStrides)] = x[params.xOffset + dot(at, params.xStrides)];
  }
}
