// scatterFold: elements folded into the places that an index names.
//
//   out[o, j, r] = fold of base[o, j, r] and x[o, i, r] over i in order[c, ends[c, j - 1] … ends[c, j]),
//                  c = o · inner + r, or 0 with SHARED; the fold is chosen by OPERATION
//
// indexOrder has grouped the positions of the index. With BY_PLACE they are not grouped, and each output visits all of them:
// `order` is the index itself, [outer, count, inner] with any strides, and `ends` is not read.
//
// Without INCLUDED, base counts only where no entry is.
//
// Shapes     x [outer, count, inner] and base [outer, length, inner], contiguous from their offsets; out as base; ends
//            [columns, length] and order [columns, count], from indexOrder. With SHARED, all columns have one index.
// Elements   float32, int32, or bool (uint32; LAST only).
// Launch     a grid of any size in x: each invocation handles outputs one grid width apart.
// Numerics   elements are folded in the order of the index; LAST takes the last one. MAX and MIN give NaN if any element
//            is NaN.

alias Element = f32;

struct Params {
  size: u32,
  length: u32,
  count: u32,
  inner: u32,
  baseOffset: u32,
  offset: u32,
  indexOffset: i32,
  outerStride: i32,
  countStride: i32,
  innerStride: i32,
}

@group(0) @binding(0) var<storage, read> base: array<Element>;
@group(0) @binding(1) var<storage, read> x: array<Element>;
@group(0) @binding(2) var<storage, read> ends: array<u32>;
@group(0) @binding(3) var<storage, read> order: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<Element>;
@group(0) @binding(5) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;
override OPERATION: u32 = 0u;
override FLOATING: bool = true;
override INCLUDED: bool = true;
override SHARED: bool = false;
override BY_PLACE: bool = false;

const LAST = 0u;
const PROD = 1u;
const MAX = 2u;
const MIN = 3u;

fn isNan(value: Element) -> bool {
  return FLOATING && (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

fn fold(left: Element, right: Element) -> Element {
  switch OPERATION {
    case PROD: { return left * right; }
    case MAX: { return select(right, left, isNan(left) || (!isNan(right) && left > right)); }
    case MIN: { return select(right, left, isNan(left) || (!isNan(right) && left < right)); }
    default: { return right; }
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var element = id.x; element < params.size; element += grid.x * WORKGROUP) {
    let r = element % params.inner;
    let rows = element / params.inner;
    let j = rows % params.length;
    let o = rows / params.length;
    let source = params.offset + o * params.count * params.inner + r;
    var total = base[params.baseOffset + element];
    if (BY_PLACE) {
      var at = params.indexOffset + i32(o) * params.outerStride + i32(r) * params.innerStride;
      var isFirst = !INCLUDED;
      for (var i = 0u; i < params.count; i++) {
        if (order[at] == j) {
          let value = x[source + i * params.inner];
          total = select(fold(total, value), value, isFirst);
          isFirst = false;
        }
        at += params.countStride;
      }
    } else {
      let column = select(o * params.inner + r, 0u, SHARED);
      let place = column * params.length + j;
      var first = 0u;
      if (j > 0u) {
        first = ends[place - 1u];
      }
      for (var at = first; at < ends[place]; at++) {
        let value = x[source + order[column * params.count + at] * params.inner];
        total = select(fold(total, value), value, !INCLUDED && at == first);
      }
    }
    out[element] = total;
  }
}
