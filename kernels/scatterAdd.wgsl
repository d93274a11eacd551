// scatterAdd: adds elements into the places that an index names. It is the gradient of gather.
//
//   out[o, j, r] = Σ_i x[o, i, r] · [index[o, i, r] = j]
//
// Shapes     x [outer, count, inner], contiguous from `offset`; index the same shape, int32, any strides; out [outer,
//            length, inner], contiguous.
// Launch     a grid of any size in x: each invocation handles outputs one grid width apart.
// Numerics   each output visits the index in order and adds its own elements. Float atomics would be faster for long
//            indices, but their order, and so the last bits, would change from run to run.

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
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> indices: array<i32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var element = id.x; element < params.size; element += grid.x * WORKGROUP) {
    let r = element % params.inner;
    let rows = element / params.inner;
    let j = i32(rows % params.length);
    let o = rows / params.length;
    let source = u32(params.offset) + o * params.count * params.inner + r;
    var at = params.indexOffset + i32(o) * params.outerStride + i32(r) * params.innerStride;
    var total = 0.0;
    for (var i = 0u; i < params.count; i++) {
      if (indices[at] == j) {
        total += x[source + i * params.inner];
      }
      at += params.countStride;
    }
    out[element] = total;
  }
}
