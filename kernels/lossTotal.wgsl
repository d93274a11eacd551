// lossTotal: the sum of the losses of a batch, or their weighted mean.
//
//   total[1] = Σ_r losses[1, r]                            the weight of all rows
//   total[0] = Σ_r losses[0, r], with MEAN divided by total[1]
//
// Shapes     losses [2, rows], from crossEntropy; total [2].
// Launch     one workgroup. Lane l adds rows l, l + LANES, …; then the first lane adds the lanes' sums, which takes one
//            barrier.
// Numerics   the order of the sums depends only on rows and LANES: the same bits every time. A mean over no rows is
//            NaN.

struct Params {
  rows: u32,
}

@group(0) @binding(0) var<storage, read> losses: array<f32>;
@group(0) @binding(1) var<storage, read_write> total: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

override LANES: u32 = 64u;
override MEAN: bool = true;

var<workgroup> partials: array<vec2f, LANES>;

// NaN from its bits. WGSL does not define 0 / 0, and the variable keeps the expression from being constant.
fn nan() -> f32 {
  var bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}

@compute @workgroup_size(LANES)
fn main(@builtin(local_invocation_index) lane: u32) {
  var own = vec2f(0.0);
  for (var row = lane; row < params.rows; row += LANES) {
    own += vec2f(losses[row], losses[params.rows + row]);
  }
  partials[lane] = own;
  workgroupBarrier();
  if (lane > 0u) {
    return;
  }
  var sum = vec2f(0.0);
  for (var other = 0u; other < LANES; other++) {
    sum += partials[other];
  }
  if (MEAN) {
    sum.x = select(sum.x / sum.y, nan(), sum.y == 0.0);
  }
  total[0] = sum.x;
  total[1] = sum.y;
}
