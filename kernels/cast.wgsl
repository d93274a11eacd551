// cast: converts elements to another type.
//
//   out[i] = To(x[offset + i])
//
// Shapes     x and out contiguous, `size` elements.
// Elements   all pairs of float32, int32 and bool (uint32), and float16 to float32. Values other than zero, including
//            NaN, become the bool 1.
// Launch     a grid of any size in x: each invocation handles elements one grid width apart.
// Numerics   float32 to int32 truncates toward zero and saturates at the ends of the range; NaN becomes 0.

alias From = f32;
alias To = i32;

struct Params {
  size: u32,
  offset: i32,
}

@group(0) @binding(0) var<storage, read> x: array<From>;
@group(0) @binding(1) var<storage, read_write> out: array<To>;
@group(0) @binding(2) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;
override TO_BOOL: bool = false;
override FLOAT_TO_INTEGER: bool = false;

fn isNan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// WGSL's conversion saturates at the greatest float32 below 2³¹ and does not define NaN.
fn saturated(value: f32) -> i32 {
  if (isNan(value)) {
    return 0;
  }
  return select(i32(value), 2147483647, value >= 2147483648.0);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var index = id.x; index < params.size; index += grid.x * WORKGROUP) {
    let value = x[params.offset + i32(index)];
    if (FLOAT_TO_INTEGER) {
      out[index] = To(saturated(f32(value)));
    } else {
      out[index] = select(To(value), To(1), TO_BOOL && (isNan(f32(value)) || value != From(0)));
    }
  }
}
