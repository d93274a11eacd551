// batchNormSums: the sums over each channel that the gradient of batchNorm needs, in parts.
//
//   part s of channel c: its elements in [s·chunk, min((s+1)·chunk, count)), counted over images, then places
//   partials[s, 0, c] = Σ gradient,   partials[s, 1, c] = Σ gradient · (x - mean[c]) · scale[c]
//
// Shapes     x and gradient [count / inner, channels, inner], contiguous from their offsets; stats [2, channels]: mean
//            and scale, from batchNormFinish; partials [parts, 2, channels].
// Launch     one workgroup per channel and part. x and y: channels, z: parts. Lane l sums elements l, l + LANES, …;
//            then the lanes are added in workgroup memory.
// Numerics   the order of the sums depends only on count, chunk and LANES.

struct Params {
  channels: u32,
  inner: u32,
  count: u32,
  chunk: u32,
  offset: u32,
  gradientOffset: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<storage, read> stats: array<f32>;
@group(0) @binding(3) var<storage, read_write> partials: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

override FAN: u32 = 8u;
override LANES: u32 = 64u; // FAN²: lanes are folded in two stages, because barriers cost more than a short loop

var<workgroup> sums: array<vec2<f32>, LANES>;

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
  let mean = stats[channel];
  let scale = stats[params.channels + channel];

  var row = (first + lane) / inner;
  var place = (first + lane) % inner;
  let rowStep = LANES / inner;
  let placeStep = LANES % inner;
  var total = vec2<f32>();
  for (var position = lane; position < length; position += LANES) {
    let at = row * rowStride + channel * inner + place;
    let g = gradient[params.gradientOffset + at];
    total += vec2<f32>(g, g * ((x[params.offset + at] - mean) * scale));
    place += placeStep;
    row += rowStep;
    if (place >= inner) {
      place -= inner;
      row++;
    }
  }
  sums[lane] = total;
  workgroupBarrier();
  if (lane < FAN) {
    add(lane * FAN, 1u);
  }
  workgroupBarrier();
  if (lane == 0u) {
    add(0u, FAN);
    let slot = 2u * group.z * params.channels + channel;
    partials[slot] = sums[0].x;
    partials[slot + params.channels] = sums[0].y;
  }
}

// Adds the values at `first`, first + span, …
fn add(first: u32, span: u32) {
  var total = sums[first];
  for (var k = 1u; k < FAN; k++) {
    total += sums[first + k * span];
  }
  sums[first] = total;
}
