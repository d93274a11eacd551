// unpackBytes: bytes as elements of another type.
//
//   out[i] = To(byte offset + i of x)
//
// Shapes     x holds four bytes in each word, the lowest first; out contiguous, `size` elements.
// Elements   float32, int32 and bool (uint32). Bytes other than zero become the bool 1.
// Launch     a grid of any size in x: each invocation handles elements one grid width apart.
// Numerics   exact: every byte is a float32.

alias To = f32;

struct Params {
  size: u32,
  offset: i32,
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<To>;
@group(0) @binding(2) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;
override TO_BOOL: bool = false;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var index = id.x; index < params.size; index += grid.x * WORKGROUP) {
    let place = u32(params.offset) + index;
    let byte = (x[place / 4u] >> (8u * (place % 4u))) & 0xffu;
    out[index] = To(select(byte, min(byte, 1u), TO_BOOL));
  }
}
