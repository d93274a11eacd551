// gather: selects elements along one axis by index.
//
//   out[o, i, r] = x[o, index[o, i, r], r]
//
// Shapes     x [outer, length, inner], contiguous from `offset`; index [outer, count, inner], int32, any strides
//            (indexSelect is an index with strides 0, 1, 0); out [outer, count, inner], contiguous.
// Elements   any 32-bit type. Words are moved without arithmetic.
// Launch     a grid of any size in x: each invocation handles elements one grid width apart.
// Numerics   an index outside 0 … length - 1 gives the word `outside`, which the dtype decides; the CPU backend rejects it.

struct Params {
  size: u32,
  length: u32,
  count: u32,
  inner: u32,
  offset: i32,
  indexOffset: i32,
  outerStride: i32,
  countStride: i32,
  innerStride: i32,
  outside: u32,
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var element = id.x; element < params.size; element += grid.x * WORKGROUP) {
    let r = element % params.inner;
    let rows = element / params.inner;
    let i = rows % params.count;
    let o = rows / params.count;
    let picked = indices[
      params.indexOffset + i32(o) * params.outerStride + i32(i) * params.countStride + i32(r) * params.innerStride
    ];
    if (picked < 0 || picked >= i32(params.length)) {
      out[element] = params.outside;
    } else {
      out[element] = x[u32(params.offset) + (o * params.length + u32(picked)) * params.inner + r];
    }
  }
}
