// crossEntropy: the negative log-likelihood of the target class under softmax, row by row.
//
//   normaliser[r] = log Σ_j exp(x[r, j])
//   loss[r]       = normaliser[r] - x[r, target[r]]
//
// Shapes     x [rows, classes], contiguous from `offset`; target [rows], int32; loss and normaliser [rows].
// Launch     a workgroup holds ROWS rows of LANES invocations each; x: rows, y: folds a wide grid.
// Numerics   the row's maximum is subtracted before exp, so logits of ±300 are safe. A target outside
//            0 … classes - 1 gives NaN, which the trainer reports; the CPU backend refuses it.

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

fn isNan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
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
    total += exp(x[source + j] - greatest);
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
  normaliser[row] = greatest + log(total);
  if (label < 0 || label >= i32(params.classes)) {
    loss[row] = log(-abs(total) - 1.0); // NaN, which WGSL has no literal for
  } else {
    loss[row] = (greatest - x[source + u32(label)]) + log(total);
  }
}
