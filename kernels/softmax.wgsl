// softmax: the exponentials of a row, normalised to sum 1; with LOGARITHM, their logarithms.
//
//   softmax:      out[r, j] = exp(x[r, j] - max_r) / Σ_i exp(x[r, i] - max_r)
//   log-softmax:  out[r, j] = x[r, j] - max_r - log Σ_i exp(x[r, i] - max_r)
//
// Shapes     x [outer, length, inner], contiguous from `offset`; out the same. A row runs along `length`.
// Launch     a workgroup holds ROWS rows of LANES invocations each. x: rows; y folds grids that are too wide.
// Numerics   the maximum is subtracted first, so logits of ±300 are safe. A NaN or +Inf makes the row NaN, as in
//            PyTorch. The order of the sums depends only on length and LANES.

struct Params {
  rows: u32,
  length: u32,
  inner: u32,
  offset: i32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

override LANES: u32 = 1u; // a power of two
override ROWS: u32 = 64u;
override LOGARITHM: bool = false;

var<workgroup> partials: array<f32, LANES * ROWS>;

fn isNan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// WGSL does not define exp(NaN), and drivers differ.
fn exponential(value: f32) -> f32 {
  return select(exp(value), value, isNan(value));
}

fn larger(left: f32, right: f32) -> f32 {
  return select(right, left, isNan(left) || (!isNan(right) && left > right));
}

// Each lane visits all lanes of its row, in order. Barriers would cost more than this short loop.
fn greatestOfRow(row: u32) -> f32 {
  var greatest = partials[row * LANES];
  for (var lane = 1u; lane < LANES; lane++) {
    greatest = larger(greatest, partials[row * LANES + lane]);
  }
  return greatest;
}

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
  let inner = params.inner;
  let start = (row / inner) * params.length * inner + row % inner;
  let source = u32(params.offset) + start;
  let slot = local.y * LANES + local.x;

  var greatest = x[source];
  for (var j = local.x; j < params.length; j += LANES) {
    greatest = larger(greatest, x[source + j * inner]);
  }
  if (LANES > 1u) {
    partials[slot] = greatest;
    workgroupBarrier();
    greatest = greatestOfRow(local.y);
    workgroupBarrier();
  }

  var total = 0.0;
  for (var j = local.x; j < params.length; j += LANES) {
    total += exponential(x[source + j * inner] - greatest);
  }
  if (LANES > 1u) {
    partials[slot] = total;
    workgroupBarrier();
    total = sumOfRow(local.y);
  }

  if (wanted >= params.rows) {
    return;
  }
  for (var j = local.x; j < params.length; j += LANES) {
    let shifted = x[source + j * inner] - greatest;
    if (LOGARITHM) {
      out[start + j * inner] = shifted - select(log(total), total, isNan(total));
    } else {
      out[start + j * inner] = exponential(shifted) / total;
    }
  }
}
