// crossEntropy: the negative log-likelihood of the target class under softmax, row by row.
//
//   normaliser[r] = (m, log Σ_j exp(x[r, j] - m)),   m = max_j x[r, j]
//   loss[r]       = m - x[r, target[r]] + log Σ_j exp(x[r, j] - m)
//
// Shapes     x [rows, classes], contiguous from `offset`; target [rows], int32; loss [rows]; normaliser [rows, 2].
// Launch     a workgroup holds ROWS rows of LANES invocations each; x: rows, y: folds a wide grid.
// Numerics   the row's maximum is subtracted before exp, and kept apart, so logits of ±300 are safe. A target
//            outside 0 … classes - 1 gives NaN, which the trainer reports; the CPU backend refuses it.

struct Params {
  rows: u32,
  classes: u32,
  offset: i32,
  targetOffset: i32,
  targetStride: i32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read_write> loss: array<f32>;
@group(0) @binding(3) var<storage, read_write> normaliser: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

override LANES: u32 = 1u; // a power of two
override ROWS: u32 = 64u;

var<workgroup> partials: array<f32, LANES * ROWS>;

// By its bits, which a variable keeps from being a constant: WGSL has no literal for NaN.
fn nan() -> f32 {
  var bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}

fn isNan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// WGSL leaves open what exp makes of NaN, and drivers differ.
fn exponential(value: f32) -> f32 {
  return select(exp(value), value, isNan(value));
}

fn larger(left: f32, right: f32) -> f32 {
  return select(right, left, left > right || isNan(left));
}

@compute @workgroup_size(LANES, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  // Invocations past the last row repeat it, so that all of them reach the barriers; they store nothing.
  let wanted = (group.y * grid.x + group.x) * ROWS + local.y;
  let row = min(wanted, params.rows - 1u);
  let source = u32(params.offset) + row * params.classes;
  let slot = local.y * LANES + local.x;

  var greatest = x[source];
  for (var j = local.x; j < params.classes; j += LANES) {
    greatest = larger(greatest, x[source + j]);
  }
  if (LANES > 1u) {
    partials[slot] = greatest;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if (local.x < half) {
        partials[slot] = larger(partials[slot], partials[slot + half]);
      }
    }
    workgroupBarrier();
    greatest = partials[local.y * LANES];
    workgroupBarrier();
  }

  var total = 0.0;
  for (var j = local.x; j < params.classes; j += LANES) {
    total += exponential(x[source + j] - greatest);
  }
  if (LANES > 1u) {
    partials[slot] = total;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if (local.x < half) {
        partials[slot] += partials[slot + half];
      }
    }
    workgroupBarrier();
    total = partials[local.y * LANES];
  }

  if (wanted >= params.rows || local.x != 0u) {
    return;
  }
  let label = labels[params.targetOffset + i32(row) * params.targetStride];
  let logTotal = select(log(total), total, isNan(total));
  normaliser[2u * row] = greatest;
  normaliser[2u * row + 1u] = logTotal;
  if (label < 0 || label >= i32(params.classes)) {
    loss[row] = nan();
  } else {
    loss[row] = (greatest - x[source + u32(label)]) + logTotal;
  }
}
