// batchNorm: normalises each channel by given statistics, then scales and shifts it.
//
//   out[n, c, l] = (x[n, c, l] - mean[c]) · s[c] · weight[c] + bias[c]
//   s[c] = spread[c], or 1 / √(spread[c] + eps) where it is a variance (VARIANCE)
//
// Shapes     x [rows / channels, channels, inner], contiguous from `offset`; out the same; mean, spread, weight and
//            bias [channels], from their offsets. What WEIGHTED or BIASED leaves out may be bound to anything.
// Launch     a workgroup holds ROWS rows of LANES invocations each, a row being one image's channel; x: rows, y: folds a
//            wide grid. Lane l takes places l, l + LANES, …
// Numerics   x - mean comes first: scale and shift in one would cancel where the mean is large.

struct Params {
  rows: u32, // images times channels
  channels: u32,
  inner: u32,
  offset: u32,
  meanOffset: u32,
  spreadOffset: u32,
  weightOffset: u32,
  biasOffset: u32,
  eps: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read> spread: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

override LANES: u32 = 1u;
override ROWS: u32 = 64u;
override VARIANCE: bool = false;
override WEIGHTED: bool = true;
override BIASED: bool = true;

fn isFinite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) < 0x7f800000u;
}

// 1 / √value. WGSL grants root and division some 7 ULP together: a step of Newton's method brings that to about 1.
fn inverseRoot(value: f32) -> f32 {
  let rough = 1.0 / sqrt(value);
  let corrected = rough + 0.5 * rough * (1.0 - value * rough * rough);
  return select(rough, corrected, isFinite(corrected));
}

@compute @workgroup_size(LANES, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let row = (group.y * grid.x + group.x) * ROWS + local.y;
  if (row >= params.rows) {
    return;
  }
  let channel = row % params.channels;
  var scale = spread[params.spreadOffset + channel];
  if (VARIANCE) {
    scale = inverseRoot(scale + params.eps);
  }
  if (WEIGHTED) {
    scale *= weight[params.weightOffset + channel];
  }
  var shift = 0.0;
  if (BIASED) {
    shift = bias[params.biasOffset + channel];
  }
  let center = mean[params.meanOffset + channel];
  let start = row * params.inner;
  for (var place = local.x; place < params.inner; place += LANES) {
    let at = start + place;
    out[at] = (x[params.offset + at] - center) * scale + shift;
  }
}
