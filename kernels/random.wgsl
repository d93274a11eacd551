// random: numbers of the counter-based generator Philox 4x32-10.
//
//   word(i)   = philox(counter = (i / 4, 0, streamLow, streamHigh), key = (seedLow, seedHigh))[i mod 4]
//   UNIFORM   out[i] = float32(int32(word >> 8) - center) · scale     (24 random bits)
//   INTEGERS  out[i] = low + ⌊word · range / 2³²⌋                       (int32)
//
// Shapes     out contiguous, `size` elements, float32 or int32 as their bits.
// Launch     one invocation per four elements, the four words of one Philox block.
// Numerics   integers, then one multiplication, so every device gives the same bits.
// Source     Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3 (SC 2011).

struct Params {
  size: u32,
  seedLow: u32,
  seedHigh: u32,
  streamLow: u32,
  streamHigh: u32,
  center: i32,
  scale: f32,
  low: i32,
  range: u32,
}

@group(0) @binding(0) var<storage, read_write> out: array<u32>;
@group(0) @binding(1) var<uniform> params: Params;

override WORKGROUP: u32 = 64u;
override FORM: u32 = 0u;

const UNIFORM = 0u;
const INTEGERS = 1u;

// The upper 32 bits of a 32 × 32 bit product, computed from 16-bit halves.
fn multiplyHigh(a: u32, b: u32) -> u32 {
  let aLow = a & 0xffffu;
  let aHigh = a >> 16u;
  let bLow = b & 0xffffu;
  let bHigh = b >> 16u;
  let middle = aHigh * bLow + ((aLow * bLow) >> 16u);
  let carry = aLow * bHigh + (middle & 0xffffu);
  return aHigh * bHigh + (middle >> 16u) + (carry >> 16u);
}

fn philox(quad: u32) -> vec4<u32> {
  var counter = vec4<u32>(quad, 0u, params.streamLow, params.streamHigh);
  var key = vec2<u32>(params.seedLow, params.seedHigh);
  for (var round = 0u; round < 10u; round++) {
    counter = vec4<u32>(
      multiplyHigh(0xCD9E8D57u, counter.z) ^ counter.y ^ key.x,
      0xCD9E8D57u * counter.z,
      multiplyHigh(0xD2511F53u, counter.x) ^ counter.w ^ key.y,
      0xD2511F53u * counter.x
    );
    key += vec2<u32>(0x9E3779B9u, 0xBB67AE85u);
  }
  return counter;
}

fn formed(word: u32) -> u32 {
  if (FORM == INTEGERS) {
    return bitcast<u32>(params.low + i32(multiplyHigh(word, params.range)));
  }
  return bitcast<u32>(f32(i32(word >> 8u) - params.center) * params.scale);
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  let quad = id.y * grid.x * WORKGROUP + id.x;
  let words = philox(quad);
  for (var lane = 0u; lane < 4u; lane++) {
    let index = quad * 4u + lane;
    if (index < params.size) {
      out[index] = formed(words[lane]);
    }
  }
}
