// arithmetic: sums and products that depend only on each other, to measure the arithmetic rate of a device.
//
//   v_c ← v_c · factor + summand, eight times in each of `rounds` rounds, for four vectors v_c of four numbers
//   out[i] = Σ_c v_c
//
// Launch     one invocation per element of out, each with 256 · rounds floating-point operations. A round is unrolled
//            by hand: software drivers blend loop-carried values with a mask, which costs as much as a product.
// Numerics   with or without FUSED; devices differ in which is faster.

struct Params {
  rounds: u32,
  factor: f32,
  summand: f32,
}

@group(0) @binding(0) var<storage, read_write> out: array<f32>;
@group(0) @binding(1) var<uniform> params: Params;

override FUSED: bool = true;

fn advance(value: vec4f) -> vec4f {
  if (FUSED) {
    return fma(value, vec4f(params.factor), vec4f(params.summand));
  }
  return value * params.factor + params.summand;
}

fn eightTimes(value: vec4f) -> vec4f {
  return advance(advance(advance(advance(advance(advance(advance(advance(value))))))));
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  var a = vec4f(f32(id.x));
  var b = a + 1.0;
  var c = a + 2.0;
  var d = a + 3.0;
  for (var round = 0u; round < params.rounds; round++) {
    a = eightTimes(a);
    b = eightTimes(b);
    c = eightTimes(c);
    d = eightTimes(d);
  }
  let total = a + b + c + d;
  out[id.x] = total.x + total.y + total.z + total.w;
}
