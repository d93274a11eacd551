// batchNormGradient: the gradient of batchNorm, in training, with respect to its input.
//
//   out = scale[c] · weight[c] · (gradient - sums[0, c] / count - x̂ · sums[1, c] / count)
//   x̂ = (x - mean[c]) · scale[c]
//
// Shapes     x and gradient [rows / channels, channels, inner], contiguous from their offsets; out the same; stats [2,
//            channels]: mean and scale, from batchNormFinish; sums [2, channels], from batchNormSums; weight
//            [channels], from its offset. Without WEIGHTED, any buffer may be bound as weight.
// Launch     a workgroup holds ROWS rows of LANES invocations each. A row is one channel of one image. x: rows; y folds
//            grids that are too wide. Lane l handles places l, l + LANES, …
// Source     Ioffe, Szegedy: Batch normalization (2015).

struct Params {
  rows: u32, // images times channels
  channels: u32,
  inner: u32,
  count: u32,
  offset: u32,
  gradientOffset: u32,
  weightOffset: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<storage, read> stats: array<f32>;
@group(0) @binding(3) var<storage, read> sums: array<f32>;
@group(0) @binding(4) var<storage, read> weight: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<uniform> params: Params;

override LANES: u32 = 1u;
override ROWS: u32 = 64u;
override WEIGHTED: bool = true;

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
  let mean = stats[channel];
  let scale = stats[params.channels + channel];
  let average = sums[channel] / f32(params.count);
  let tilt = scale * (sums[params.channels + channel] / f32(params.count));
  var slope = scale;
  if (WEIGHTED) {
    slope *= weight[params.weightOffset + channel];
  }
  let start = row * params.inner;
  for (var place = local.x; place < params.inner; place += LANES) {
    let at = start + place;
    out[at] = slope * (gradient[params.gradientOffset + at] - average - (x[params.offset + at] - mean) * tilt);
  }
}
