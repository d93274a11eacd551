// crossEntropyGradient: the gradient of crossEntropy with respect to its logits.
//
//   m, L, a = rowwise[r],   t = labels[r],   s = smoothing,   w_j = weight[j] or 1,   d = divisor with MEAN, else 1
//
//   out[r, j] = gradient[r] / d · (a · exp(x[r, j] - m - L) - (1 - s) · w_t · [j = t] - s / classes · w_j)
//
// In a row whose label is `ignoreIndex`, gradient[r], a and the last two terms are 0: only a NaN among its logits shows. If
// d is 0, nothing counts in the mean, and gradient[r] / d is taken as 0.
//
// With LOGS, x holds log-probabilities, and all but the label's class have gradient 0.
//
// Shapes     x [outer, classes, inner], contiguous from `offset`; r counts [outer, inner]; labels [rows]; rowwise
//            [rows, 3], from crossEntropy; gradient [rows] with any stride (0 for a mean); weight [classes], read only
//            with WEIGHTED; divisor: one element, read only with MEAN; out like x.
// Launch     a workgroup holds ROWS rows of LANES invocations each. x: rows; y folds grids that are too wide.

struct Params {
  rows: u32,
  classes: u32,
  inner: u32,
  offset: i32,
  labelOffset: i32,
  labelStride: i32,
  gradientOffset: i32,
  gradientStride: i32,
  weightOffset: i32,
  divisorOffset: i32,
  ignoreIndex: i32,
  smoothing: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> rowwise: array<f32>;
@group(0) @binding(4) var<storage, read> gradient: array<f32>;
@group(0) @binding(5) var<storage, read> divisor: array<f32>;
@group(0) @binding(6) var<storage, read_write> out: array<f32>;
@group(0) @binding(7) var<uniform> params: Params;

override LANES: u32 = 1u;
override ROWS: u32 = 64u;
override WEIGHTED: bool = false;
override SMOOTHED: bool = false;
override MEAN: bool = false;
override LOGS: bool = false;

fn isNan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// WGSL does not define exp(NaN), and drivers differ.
fn exponential(value: f32) -> f32 {
  return select(exp(value), value, isNan(value));
}

@compute @workgroup_size(LANES, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let wanted = (group.y * grid.x + group.x) * ROWS + local.y;
  if (wanted >= params.rows) {
    return;
  }
  let row = i32(wanted);
  let start = wanted / params.inner * params.classes * params.inner + wanted % params.inner;
  let label = labels[params.labelOffset + row * params.labelStride];
  let counts = label != params.ignoreIndex;
  let greatest = rowwise[3 * row];
  let logTotal = rowwise[3 * row + 1];
  let share = rowwise[3 * row + 2];
  var scale = gradient[params.gradientOffset + row * params.gradientStride];
  if (MEAN) {
    let total = divisor[params.divisorOffset];
    scale = select(scale / total, 0.0, total == 0.0);
  }
  scale = select(0.0, scale, counts);

  for (var j = local.x; j < params.classes; j += LANES) {
    var expected = select(0.0, 1.0, label == i32(j));
    if (SMOOTHED) {
      expected = (1.0 - params.smoothing) * expected + params.smoothing / f32(params.classes);
    }
    if (WEIGHTED) {
      expected *= weight[params.weightOffset + i32(j)];
    }
    let at = start + j * params.inner;
    var probability = 0.0;
    if (!LOGS) {
      probability = share * exponential((x[u32(params.offset) + at] - greatest) - logTotal);
    }
    // A selection: 0 times an infinite gradient would be NaN.
    out[at] = select(0.0, scale * (probability - select(0.0, expected, counts)), !LOGS || label == i32(j));
  }
}
