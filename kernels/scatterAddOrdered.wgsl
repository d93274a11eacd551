// scatterAddOrdered: scatterAdd for long indices, whose positions indexOrder has grouped.
//
//   out[o, j, r] = Σ x[o, i, r] over i in order[c, ends[c, j - 1] … ends[c, j]),   c = o · inner + r, or 0 with SHARED
//
// Shapes     x [outer, count, inner], contiguous from `offset`; out [outer, length, inner], contiguous; ends [columns,
//            length] and order [columns, count], from indexOrder. With SHARED, all columns have one index.
// Launch     a grid of any size in x: each invocation handles outputs one grid width apart.
// Numerics   elements are added in the order of the index: the bits of scatterAdd. Its cost grows with outputs times
//            index, that of this kernel with their sum.

struct Params {
  size: u32,
  length: u32,
  count: u32,
  inner: u32,
  offset: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> ends: array<u32>;
@group(0) @binding(2) var<storage, read> order: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;
override SHARED: bool = false;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var element = id.x; element < params.size; element += grid.x * WORKGROUP) {
    let r = element % params.inner;
    let rows = element / params.inner;
    let j = rows % params.length;
    let o = rows / params.length;
    let column = select(o * params.inner + r, 0u, SHARED);
    let place = column * params.length + j;
    var first = 0u;
    if (j > 0u) {
      first = ends[place - 1u];
    }
    let source = params.offset + o * params.count * params.inner + r;
    var total = 0.0;
    for (var at = first; at < ends[place]; at++) {
      total += x[source + order[column * params.count + at] * params.inner];
    }
    out[element] = total;
  }
}
