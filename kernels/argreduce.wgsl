// argreduce: the position of the greatest or least element along an axis.
//
//   out[o] = the smallest r for which x[o, r] is extreme among x[o, 0 … length - 1]
//
// Shapes     x [outer, length, inner], contiguous from `offset`; out [outer, inner], int32.
// Elements   float32 or int32 (FLOATING false). length ≥ 1.
// Launch     a grid of any size in x: each invocation handles outputs one grid width apart.
// Numerics   NaN counts as extreme, and the first NaN wins. Ties go to the first position.

alias Element = f32;

struct Params {
  outputs: u32,
  length: u32,
  inner: u32,
  offset: i32,
}

@group(0) @binding(0) var<storage, read> x: array<Element>;
@group(0) @binding(1) var<storage, read_write> out: array<i32>;
@group(0) @binding(2) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;
override OPERATION: u32 = 0u;
override FLOATING: bool = true;

const MAX = 0u;
const MIN = 1u;

fn isNan(value: Element) -> bool {
  return FLOATING && (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

fn beats(candidate: Element, best: Element) -> bool {
  if (isNan(best)) {
    return false;
  }
  return isNan(candidate) || (OPERATION == MAX && candidate > best) || (OPERATION == MIN && candidate < best);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var output = id.x; output < params.outputs; output += grid.x * WORKGROUP) {
    let outer = output / params.inner;
    let start = u32(params.offset) + outer * params.length * params.inner + output % params.inner;
    var best = x[start];
    var position = 0u;
    for (var r = 1u; r < params.length; r++) {
      let candidate = x[start + r * params.inner];
      if (beats(candidate, best)) {
        best = candidate;
        position = r;
      }
    }
    out[output] = i32(position);
  }
}
