// dropout: drops elements at random, and scales the others.
//
//   out[i] = x[i] · (word(i) >> 8 < threshold ? 0 : scale)
//   word(i) = philox(counter = (i / 4, 0, streamLow, streamHigh), key = (seedLow, seedHigh))[i mod 4]
//
// Shapes     x contiguous from `offset`, `size` elements; out the same.
// Launch     one invocation per four elements, the four words of one Philox block.
// Numerics   the choice uses integers, so every device drops the same elements: those whose uniform number, as
//            kernels/random.wgsl computes it, is less than threshold / 2²⁴. A dropped NaN or infinity is NaN, as in
//            PyTorch.
// Source     Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3 (SC 2011).

struct Params {
  size: u32,
  offset: u32,
  seedLow: u32,
  seedHigh: u32,
  streamLow: u32,
  streamHigh: u32,
  threshold: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

override WORKGROUP: u32 = 64u;

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

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  let quad = id.y * grid.x * WORKGROUP + id.x;
  if (quad * 4u >= params.size) {
    return;
  }
  let words = philox(quad);
  for (var lane = 0u; lane < 4u; lane++) {
    let index = quad * 4u + lane;
    if (index < params.size) {
      let factor = select(params.scale, 0.0, words[lane] >> 8u < params.threshold);
      out[index] = x[params.offset + index] * factor;
    }
  }
}
