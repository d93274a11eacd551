// roundToHalf: rounds float32 to float16, to nearest, ties to even.
//
//   out[i] = half(x[offset + i])
//
// Shapes     x: `size` elements; out: the same number of float16 from its start, two per word. If the number is odd,
//            the last word is padded with zero.
// Launch     a grid of any size in x: each invocation handles words one grid width apart.
// Numerics   uses integers, because WGSL does not define the rounding of its conversion, nor the result for numbers out
//            of range. Every device gives the same bits. Values from 65520 on become infinity; NaN stays NaN.
// Source     IEEE 754-2019, binary16.

struct Params {
  size: u32,
  offset: i32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;

// value / 2^shift, rounded to the nearest integer, ties to even.
fn shifted(value: u32, shift: u32) -> u32 {
  return (value + (1u << (shift - 1u)) - 1u + ((value >> shift) & 1u)) >> shift;
}

fn halfBits(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  let sign = (bits >> 16u) & 0x8000u;
  let magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) {
    return sign | 0x7e00u;
  }
  if (magnitude >= 0x477ff000u) {
    return sign | 0x7c00u;
  }
  if (magnitude >= 0x38800000u) {
    return sign | shifted(magnitude - 0x38000000u, 13u);
  }
  // Multiples of 2^-24. Values below 2^-26 round to 0.
  let exponent = magnitude >> 23u;
  let kept = shifted((magnitude & 0x7fffffu) | 0x800000u, 126u - max(exponent, 101u));
  return sign | select(kept, 0u, exponent < 101u);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  let words = (params.size + 1u) / 2u;
  for (var word = id.x; word < words; word += grid.x * WORKGROUP) {
    let at = params.offset + i32(2u * word);
    let low = halfBits(x[at]);
    var high = 0u;
    if (2u * word + 1u < params.size) {
      high = halfBits(x[at + 1]);
    }
    out[word] = low | (high << 16u);
  }
}
