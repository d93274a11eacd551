// batchNorm: normalises each channel with given statistics, then scales and shifts it.
//
//   out[n, c, l] = (x[n, c, l] - mean[c]) · s[c] · weight[c] + bias[c]
//   s[c] = spread[c], or with VARIANCE, 1 / √(spread[c] + eps)
//
// Shapes     x [rows / channels, channels, inner], contiguous from `offset`; out the same; mean, spread, weight and
//            bias [channels], from their offsets. Without WEIGHTED or BIASED, any buffer may be bound in its place.
// Launch     a workgroup holds ROWS rows of LANES invocations each. A row is one channel of one image. x: rows; y folds
//            grids that are too wide. Lane l handles places l, l + LANES, …
// Numerics   x - mean is computed first. A combined scale and shift would cancel if the mean is large.

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

// 1 / √value. WGSL allows an error of about 7 ULP for root and division. One Newton step reduces it to about 1.
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
