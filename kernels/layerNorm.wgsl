// layerNorm: normalises each row to mean 0 and variance 1, then scales and shifts its elements.
//
//   out[r, j] = (x[r, j] - mean) · scale · weight[j] + bias[j]
//   stats[r]  = (mean, scale),   scale = 1 / √(Σ_j (x[r, j] - mean)² / length + eps)
//
// Shapes     x [rows, length], contiguous from `offset`; out the same; stats [rows, 2]; weight and bias [length], from
//            their offsets. Without WEIGHTED or BIASED, any buffer may be bound in its place.
// Launch     a workgroup holds ROWS rows of LANES invocations each. x: rows; y folds grids that are too wide.
// Numerics   two passes: the second sums squared deviations from the mean. The order of the sums depends only on length
//            and LANES.
// Source     Ba, Kiros, Hinton: Layer normalization (2016).

struct Params {
  rows: u32,
  length: u32,
  offset: u32,
  weightOffset: u32,
  biasOffset: u32,
  eps: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<storage, read_write> stats: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

override LANES: u32 = 1u;
override ROWS: u32 = 64u;
override WEIGHTED: bool = true;
override BIASED: bool = true;

var<workgroup> partials: array<f32, LANES * ROWS>;

fn isFinite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) < 0x7f800000u;
}

// WGSL allows a division an error of 2.5 ULP. Dividing the remainder reduces it to about 1, and to 0 for a division by
// 1.
fn quotient(dividend: f32, divisor: f32) -> f32 {
  let rough = dividend / divisor;
  let corrected = rough + (dividend - rough * divisor) / divisor;
  return select(rough, corrected, isFinite(corrected));
}

// 1 / √value. WGSL allows an error of about 7 ULP for root and division. One Newton step reduces it to about 1.
fn inverseRoot(value: f32) -> f32 {
  let rough = 1.0 / sqrt(value);
  let corrected = rough + 0.5 * rough * (1.0 - value * rough * rough);
  return select(rough, corrected, isFinite(corrected));
}

// Each lane adds the values of all lanes of its row, in order. Barriers would cost more than this short loop.
fn sumOfRow(row: u32) -> f32 {
  var total = 0.0;
  for (var lane = 0u; lane < LANES; lane++) {
    total += partials[row * LANES + lane];
  }
  return total;
}

@compute @workgroup_size(LANES, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  // Invocations past the last row repeat that row, so all of them reach the barriers; they store nothing.
  let wanted = (group.y * grid.x + group.x) * ROWS + local.y;
  let row = min(wanted, params.rows - 1u);
  let start = row * params.length;
  let source = params.offset + start;
  let slot = local.y * LANES + local.x;

  var total = 0.0;
  for (var j = local.x; j < params.length; j += LANES) {
    total += x[source + j];
  }
  if (LANES > 1u) {
    partials[slot] = total;
    workgroupBarrier();
    total = sumOfRow(local.y);
    workgroupBarrier();
  }
  let mean = quotient(total, f32(params.length));

  var squares = 0.0;
  for (var j = local.x; j < params.length; j += LANES) {
    let deviation = x[source + j] - mean;
    squares += deviation * deviation;
  }
  if (LANES > 1u) {
    partials[slot] = squares;
    workgroupBarrier();
    squares = sumOfRow(local.y);
  }
  let scale = inverseRoot(quotient(squares, f32(params.length)) + params.eps);

  if (wanted >= params.rows) {
    return;
  }
  if (local.x == 0u) {
    stats[2u * row] = mean;
    stats[2u * row + 1u] = scale;
  }
  for (var j = local.x; j < params.length; j += LANES) {
    var value = (x[source + j] - mean) * scale;
    if (WEIGHTED) {
      value *= weight[params.weightOffset + j];
    }
    if (BIASED) {
      value += bias[params.biasOffset + j];
    }
    out[start + j] = value;
  }
}
