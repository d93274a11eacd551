// batchNormStatistics: mean and squared deviations of each part of a channel. batchNormFinish combines them.
//
//   part s of channel c: its elements in [s·chunk, min((s+1)·chunk, count)), counted over images, then places
//   partials[s, c] = (mean, Σ (x - mean)²) of these elements
//
// Shapes     x [count / inner, channels, inner], contiguous from `offset`; partials [parts, channels, 2]. batches, at
//            its offset: the number of batches so far. This kernel increments it, because every invocation of
//            batchNormFinish reads it.
// Launch     one workgroup per channel and part. x and y: channels, z: parts. Lane l handles elements l, l + LANES, …
// Numerics   Welford's recurrence, then pairs by Chan's formula. This is as accurate as two passes, but reads x once.
//            The order of the sums depends only on count, chunk and LANES.
// Source     Chan, Golub, LeVeque: Algorithms for computing the sample variance (1983).

struct Params {
  channels: u32,
  inner: u32,
  count: u32,
  chunk: u32,
  offset: u32,
  batchesOffset: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> partials: array<f32>;
@group(0) @binding(2) var<storage, read_write> batches: array<i32>;
@group(0) @binding(3) var<uniform> params: Params;

override FAN: u32 = 8u;
override LANES: u32 = 64u; // FAN²: lanes are folded in two stages, because barriers cost more than a short loop

var<workgroup> means: array<f32, LANES>;
var<workgroup> squares: array<f32, LANES>;

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let channel = group.y * grid.x + group.x;
  if (channel >= params.channels) {
    return;
  }
  let inner = params.inner;
  let first = group.z * params.chunk;
  let length = min(params.chunk, params.count - first);
  let rowStride = params.channels * inner;

  var row = (first + lane) / inner;
  var place = (first + lane) % inner;
  let rowStep = LANES / inner;
  let placeStep = LANES % inner;
  let start = params.offset + channel * inner;
  var mean = 0.0;
  var square = 0.0;
  var seen = 0.0;
  for (var position = lane; position < length; position += LANES) {
    let value = x[start + row * rowStride + place];
    seen += 1.0;
    let delta = value - mean;
    // If a driver's division by 1 is inexact, square would become negative.
    mean += select(delta / seen, delta, position == lane);
    square += delta * (value - mean);
    place += placeStep;
    row += rowStep;
    if (place >= inner) {
      place -= inner;
      row++;
    }
  }

  means[lane] = mean;
  squares[lane] = square;
  workgroupBarrier();
  if (lane < FAN) {
    combine(lane * FAN, 1u, length);
  }
  workgroupBarrier();
  if (lane == 0u) {
    combine(0u, FAN, length);
    let slot = 2u * (group.z * params.channels + channel);
    partials[slot] = means[0];
    partials[slot + 1u] = squares[0];
    if (channel == 0u && group.z == 0u) {
      batches[params.batchesOffset]++;
    }
  }
}

// Combines the values at `first`, first + span, …. Each holds the elements of `span` lanes.
fn combine(first: u32, span: u32, length: u32) {
  var mean = means[first];
  var square = squares[first];
  for (var k = 1u; k < FAN; k++) {
    let lane = first + k * span;
    let left = f32(elementsOf(length, first, k * span));
    let right = f32(elementsOf(length, lane, span));
    let share = right / max(left + right, 1.0);
    let delta = means[lane] - mean;
    mean += delta * share;
    square += squares[lane] + delta * delta * left * share;
  }
  means[first] = mean;
  squares[first] = square;
}

// The number of the `length` elements that belong to the `span` lanes from `lane` on.
fn elementsOf(length: u32, lane: u32, span: u32) -> u32 {
  let rest = length % LANES;
  return length / LANES * span + clamp(rest, lane, lane + span) - lane;
}
