// batchNormFinish: combines the statistics of a channel's parts, and updates the running statistics.
//
//   stats[0, c] = mean,   stats[1, c] = 1 / √(Σ (x - mean)² / count + eps)
//   runningMean ← runningMean + m (mean - runningMean)
//   runningVar  ← runningVar + m (Σ (x - mean)² / (count - 1) - runningVar)
//   m = momentum; if momentum < 0, m = 1 / batches, the average over all batches so far
//
// Shapes     partials [parts, channels, 2] from batchNormStatistics; stats [2, channels]; running statistics
//            [channels], and batches, from their offsets.
// Launch     one invocation per channel; a grid wider than 65,535 workgroups folds into y.
// Numerics   parts are combined in order by Chan's formula. count > 1.

struct Params {
  size: u32, // channels
  parts: u32,
  count: u32,
  chunk: u32,
  momentum: f32,
  eps: f32,
  meanOffset: u32,
  varOffset: u32,
  batchesOffset: u32,
}

@group(0) @binding(0) var<storage, read> partials: array<f32>;
@group(0) @binding(1) var<storage, read> batches: array<i32>;
@group(0) @binding(2) var<storage, read_write> stats: array<f32>;
@group(0) @binding(3) var<storage, read_write> runningMean: array<f32>;
@group(0) @binding(4) var<storage, read_write> runningVar: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

override WORKGROUP: u32 = 64u;

fn isFinite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) < 0x7f800000u;
}

// 1 / √value. WGSL allows an error of about 7 ULP for root and division. One Newton step reduces it to about 1.
fn inverseRoot(value: f32) -> f32 {
  let rough = 1.0 / sqrt(value);
  let corrected = rough + 0.5 * rough * (1.0 - value * rough * rough);
  return select(rough, corrected, isFinite(corrected));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  let channel = id.y * grid.x * WORKGROUP + id.x;
  if (channel >= params.size) {
    return;
  }
  var mean = partials[2u * channel];
  var square = partials[2u * channel + 1u];
  for (var part = 1u; part < params.parts; part++) {
    let slot = 2u * (part * params.size + channel);
    let seen = part * params.chunk;
    let all = min(seen + params.chunk, params.count);
    let share = f32(all - seen) / f32(all);
    let delta = partials[slot] - mean;
    mean += delta * share;
    square += partials[slot + 1u] + delta * delta * f32(seen) * share;
  }
  let count = f32(params.count);
  stats[channel] = mean;
  stats[params.size + channel] = inverseRoot(square / count + params.eps);

  var momentum = params.momentum;
  if (momentum < 0.0) {
    momentum = 1.0 / f32(batches[params.batchesOffset]);
  }
  let meanAt = params.meanOffset + channel;
  let varAt = params.varOffset + channel;
  runningMean[meanAt] += momentum * (mean - runningMean[meanAt]);
  runningVar[varAt] += momentum * (square / (count - 1.0) - runningVar[varAt]);
}
