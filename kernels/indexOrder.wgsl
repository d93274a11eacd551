// indexOrder: the positions of an index, grouped by the places that they name: a stable counting sort.
//
//   order[c, ends[c, j - 1] … ends[c, j])  =  all i with index[c, i] = j, ascending
//
// Shapes     index [outer, count, inner], int32, any strides; a column c = o · inner + r runs along `count`. ends
//            [columns, length] and order [columns, count], uint32. Entries outside 0 … length - 1 are left out.
// Launch     one invocation for each of `ranges` ranges of places of each column, which walks over the column twice. With
//            few ranges where there are many columns, the cost grows with the index alone. A grid of any size in x.
// Numerics   integers only: no atomics, and the same order every time.

struct Params {
  size: u32, // columns · ranges
  ranges: u32,
  length: u32,
  count: u32,
  inner: u32,
  indexOffset: i32,
  outerStride: i32,
  countStride: i32,
  innerStride: i32,
}

@group(0) @binding(0) var<storage, read> indices: array<i32>;
@group(0) @binding(1) var<storage, read_write> ends: array<u32>;
@group(0) @binding(2) var<storage, read_write> order: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

override WORKGROUP: u32 = 32u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var task = id.x; task < params.size; task += grid.x * WORKGROUP) {
    let column = task / params.ranges;
    let share = (params.length + params.ranges - 1u) / params.ranges;
    let least = min(task % params.ranges * share, params.length);
    let most = min(least + share, params.length);
    let places = column * params.length;
    let start = params.indexOffset + i32(column / params.inner) * params.outerStride +
      i32(column % params.inner) * params.innerStride;

    // Counts of the places in the range, and of all entries before it.
    for (var j = least; j < most; j++) {
      ends[places + j] = 0u;
    }
    var before = 0u;
    var at = start;
    for (var i = 0u; i < params.count; i++) {
      let j = indices[at];
      if (j >= 0 && u32(j) < most) {
        if (u32(j) < least) {
          before++;
        } else {
          ends[places + u32(j)]++;
        }
      }
      at += params.countStride;
    }

    // Each count becomes the start of its place, and moves to the place's end as its entries are written.
    for (var j = least; j < most; j++) {
      let entries = ends[places + j];
      ends[places + j] = before;
      before += entries;
    }
    at = start;
    for (var i = 0u; i < params.count; i++) {
      let j = indices[at];
      if (j >= i32(least) && u32(j) < most) {
        let place = places + u32(j);
        order[column * params.count + ends[place]] = i;
        ends[place]++;
      }
      at += params.countStride;
    }
  }
}
