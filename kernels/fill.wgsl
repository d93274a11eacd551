// fill: sets every element to one value.
//
//   out[i] = value
//
// Shapes     out contiguous, `size` elements.
// Elements   float32, int32 or bool (uint32).
// Launch     one invocation an element; a grid wider than 65,535 workgroups folds into y.

alias Element = f32;

struct Params {
  size: u32,
  value: f32, // whole numbers beyond 2^24 do not fit: int32 tensors of such values are written from the host
}

@group(0) @binding(0) var<storage, read_write> out: array<Element>;
@group(0) @binding(1) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  let index = id.y * grid.x * WORKGROUP + id.x;
  if (index < params.size) {
    out[index] = Element(params.value);
  }
}
