// fill: sets every element to one value.
//
//   out[i] = value
//
// Shapes     out contiguous, `size` elements.
// Elements   float32, int32 or bool (uint32).
// Launch     a grid of any size in x: each invocation handles elements one grid width apart.

alias Element = f32;

struct Params {
  size: u32,
  value: f32, // float32 cannot hold integers beyond 2^24: the host writes int32 tensors of such values
}

@group(0) @binding(0) var<storage, read_write> out: array<Element>;
@group(0) @binding(1) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var index = id.x; index < params.size; index += grid.x * WORKGROUP) {
    out[index] = Element(params.value);
  }
}
