// compare: a relation of two elements, with broadcasting.
//
//   out[i] = 1 if a[i] OPERATION b[i], else 0
//
// Shapes     a and b of up to four axes (after merging) with any strides, 0 for a broadcast axis; out contiguous,
//            row-major, `size` elements. A bool is a 32-bit word.
// Elements   float32, int32, or bool (uint32).
// Launch     a grid of any size in x: each invocation handles elements one grid width apart.
// Numerics   IEEE 754: every relation with NaN is false, except NE.

alias Element = f32;

struct Params {
  size: u32,
  aOffset: i32,
  bOffset: i32,
  shape: vec4<u32>,
  aStrides: vec4<i32>,
  bStrides: vec4<i32>,
}

@group(0) @binding(0) var<storage, read> a: array<Element>;
@group(0) @binding(1) var<storage, read> b: array<Element>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
@group(0) @binding(3) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;
override RANK: u32 = 4u;
override OPERATION: u32 = 0u;
override FLOATING: bool = true;

const EQ = 0u;
const NE = 1u;
const LT = 2u;
const LE = 3u;
const GT = 4u;
const GE = 5u;

fn isNan(value: Element) -> bool {
  return FLOATING && (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

fn holds(left: Element, right: Element) -> bool {
  if (isNan(left) || isNan(right)) {
    return OPERATION == NE;
  }
  switch OPERATION {
    case EQ: { return left == right; }
    case NE: { return left != right; }
    case LT: { return left < right; }
    case LE: { return left <= right; }
    case GT: { return left > right; }
    default: { return left >= right; }
  }
}

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
    let left = a[params.aOffset + dot(at, params.aStrides)];
    let right = b[params.bOffset + dot(at, params.bStrides)];
    out[index] = select(0u, 1u, holds(left, right));
  }
}
