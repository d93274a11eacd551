// layerNormGradient: the gradient of layerNorm with respect to its input.
//
//   out[r, j] = scale · (h[j] - mean(h) - x̂[j] · mean(h · x̂)),   h = gradient[r] · weight,   x̂ = (x[r] - mean) ·
//   scale
//
// Shapes     x and gradient [rows, length], contiguous from their offsets; out the same; stats [rows, 2]: mean and
//            scale, from layerNorm; weight [length], from its offset. Without WEIGHTED, any buffer may be bound as
//            weight.
// Launch     a workgroup holds ROWS rows of LANES invocations each. x: rows; y folds grids that are too wide.
// Numerics   the order of the sums depends only on length and LANES. h is rounded once and stored in out. If it were
//            recomputed, a driver could fuse its product with the subtraction, and h - mean(h) would keep a rounding
//            error where it should be 0.

struct Params {
  rows: u32,
  length: u32,
  offset: u32,
  gradientOffset: u32,
  weightOffset: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<storage, read> stats: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

override LANES: u32 = 1u;
override ROWS: u32 = 64u;
override WEIGHTED: bool = true;

var<workgroup> partials: array<vec2<f32>, LANES * ROWS>;

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

fn slope(row: u32, j: u32) -> f32 {
  let g = gradient[params.gradientOffset + row * params.length + j];
  if (WEIGHTED) {
    return g * weight[params.weightOffset + j];
  }
  return g;
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
  let mean = stats[2u * row];
  let scale = stats[2u * row + 1u];

  var total = vec2<f32>();
  for (var j = local.x; j < params.length; j += LANES) {
    let h = slope(row, j);
    if (wanted < params.rows) {
      out[start + j] = h;
    }
    total += vec2<f32>(h, h * ((x[source + j] - mean) * scale));
  }
  if (LANES > 1u) {
    partials[slot] = total;
    workgroupBarrier();
    // Each lane adds the values of all lanes of its row, in order. Barriers would cost more than this short loop.
    total = vec2<f32>();
    for (var lane = 0u; lane < LANES; lane++) {
      total += partials[local.y * LANES + lane];
    }
  }
  let meanSlope = quotient(total.x, f32(params.length));
  let tilt = quotient(total.y, f32(params.length));

  if (wanted >= params.rows) {
    return;
  }
  for (var j = local.x; j < params.length; j += LANES) {
    out[start + j] = scale * (out[start + j] - meanSlope - (x[source + j] - mean) * scale * tilt);
  }
}
