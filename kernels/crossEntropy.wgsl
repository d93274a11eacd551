// crossEntropy: the negative log-likelihood of the target class under softmax, row by row.
//
//   m = max_j x[r, j],   L = log Σ_j exp(x[r, j] - m),   t = labels[r],   s = smoothing,   w_j = weight[j] or 1
//
//   losses[0, r] = (1 - s) · w_t · (m - x[r, t] + L) + s / classes · Σ_j w_j · (m - x[r, j] + L)
//   losses[1, r] = w_t                      the weight of the row in a mean
//   rowwise[r]   = (m, L, (1 - s) · w_t + s / classes · Σ_j w_j)      for the gradient
//
// A row whose label is `ignoreIndex` has loss, weight and gradient 0. With TOTAL, `losses` holds sums over the rows:
//
//   losses[1] = Σ_r w_t                     the weight of all rows
//   losses[0] = Σ_r of the rows' losses, with MEAN divided by losses[1]
//
// With LOGS, x holds log-probabilities already: m and L are 0, and there is no smoothing.
//
// Shapes     x [outer, classes, inner], contiguous from `offset`; a row runs along `classes`, r counts [outer, inner].
//            labels [rows] int32, any stride; losses [2, rows], or [2] with TOTAL; rowwise [rows, 3]; weight [classes],
//            read only with WEIGHTED.
// Launch     a workgroup holds ROWS rows of LANES invocations each, ROUNDS times. x: rows; y folds grids that are too
//            wide. With TOTAL, one workgroup handles all rows.
// Numerics   the row's maximum is subtracted before exp and kept separate, so logits of ±300 are safe. The terms of a
//            loss are not negative, so nothing cancels. A label outside 0 … classes - 1 gives NaN, which the trainer
//            reports; the CPU backend rejects it. Totals are added in lossTotal's order and have its bits: losses in
//            workgroup memory are rounded like losses in a buffer. A mean over no rows is NaN.
// Source     PyTorch's torch.nn.functional.cross_entropy; smoothing: Szegedy et al. (2015).

struct Params {
  rows: u32,
  classes: u32,
  inner: u32,
  offset: i32,
  labelOffset: i32,
  labelStride: i32,
  weightOffset: i32,
  ignoreIndex: i32,
  smoothing: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> labels: array<i32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
@group(0) @binding(4) var<storage, read_write> rowwise: array<f32>;
@group(0) @binding(5) var<uniform> params: Params;

override LANES: u32 = 1u; // a power of two
override ROWS: u32 = 64u;
override ROUNDS: u32 = 1u; // more than one only if LANES is 1: there is no barrier between rounds
override WEIGHTED: bool = false;
override SMOOTHED: bool = false;
override TOTAL: bool = false;
override MEAN: bool = false;
override LOGS: bool = false;

const SUMS = 64u; // partial sums: the lanes of lossTotal

var<workgroup> partials: array<f32, LANES * ROWS>;
var<workgroup> held: array<vec2f, ROWS * ROUNDS>; // loss and weight of each row

// NaN from its bits. WGSL has no literal for NaN, and the variable keeps the expression from being constant.
fn nan() -> f32 {
  var bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}

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

fn weightOf(index: u32) -> f32 {
  if (WEIGHTED) {
    return weight[u32(params.weightOffset) + index];
  }
  return 1.0;
}

// The sum of the values of a row's lanes. Each lane adds all of them, in order. Barriers would cost more than this
// short loop.
fn sumOverLanes(lane: u32, row: u32, value: f32) -> f32 {
  if (LANES == 1u) {
    return value;
  }
  workgroupBarrier();
  partials[row * LANES + lane] = value;
  workgroupBarrier();
  var total = 0.0;
  for (var other = 0u; other < LANES; other++) {
    total += partials[row * LANES + other];
  }
  return total;
}

// The greatest value of a row's lanes, NaN if one of them is NaN.
fn greatestOverLanes(lane: u32, row: u32, value: f32) -> f32 {
  if (LANES == 1u) {
    return value;
  }
  partials[row * LANES + lane] = value;
  workgroupBarrier();
  var greatest = partials[row * LANES];
  for (var other = 1u; other < LANES; other++) {
    greatest = larger(greatest, partials[row * LANES + other]);
  }
  return greatest;
}

// Computes loss and weight of a row for its first lane, and writes the row's values for the gradient. All lanes take
// part: those past the last row repeat it, so all of them reach the barriers.
fn takeRow(wanted: u32, lane: u32, slot: u32) -> vec2f {
  let row = min(wanted, params.rows - 1u);
  let start = u32(params.offset) + row / params.inner * params.classes * params.inner + row % params.inner;

  var greatest = 0.0;
  var total = 1.0;
  var distances = 0.0; // Σ w_j · (m - x_j)
  var weights = 0.0; // Σ w_j
  if (!LOGS) {
    greatest = x[start];
    for (var j = lane; j < params.classes; j += LANES) {
      greatest = larger(greatest, x[start + j * params.inner]);
    }
    greatest = greatestOverLanes(lane, slot, greatest);
    total = 0.0;
    for (var j = lane; j < params.classes; j += LANES) {
      let logit = x[start + j * params.inner];
      total += exponential(logit - greatest);
      if (SMOOTHED) {
        distances += weightOf(j) * (greatest - logit);
        weights += weightOf(j);
      }
    }
    total = sumOverLanes(lane, slot, total);
  }
  if (SMOOTHED) {
    distances = sumOverLanes(lane, slot, distances);
    weights = sumOverLanes(lane, slot, weights);
  }

  if (wanted >= params.rows || lane != 0u) {
    return vec2f(0.0);
  }
  let label = labels[params.labelOffset + i32(row) * params.labelStride];
  let logTotal = select(log(total), total, isNan(total));
  var loss = 0.0;
  var counted = 0.0;
  var share = 0.0;
  if (label != params.ignoreIndex) {
    if (label < 0 || label >= i32(params.classes)) {
      loss = nan();
      counted = nan();
      share = nan();
    } else {
      counted = weightOf(u32(label));
      share = counted;
      loss = counted * ((greatest - x[start + u32(label) * params.inner]) + logTotal);
      if (SMOOTHED) {
        let spread = params.smoothing / f32(params.classes);
        share = (1.0 - params.smoothing) * counted + spread * weights;
        loss = (1.0 - params.smoothing) * loss + spread * (distances + weights * logTotal);
      }
    }
  }
  rowwise[3u * row] = greatest;
  rowwise[3u * row + 1u] = logTotal;
  rowwise[3u * row + 2u] = share;
  return vec2f(loss, counted);
}

// Computes the row at `before + place`, and keeps or writes its result.
fn takePlace(before: u32, place: u32, local: vec2u) {
  let row = before + place;
  let loss = takeRow(row, local.x, local.y);
  if (local.x != 0u) {
    return;
  }
  if (TOTAL) {
    held[place] = loss;
  } else if (row < params.rows) {
    losses[row] = loss.x;
    losses[params.rows + row] = loss.y;
  }
}

// Adds the losses and weights of the workgroup: partial sum l covers rows l, l + SUMS, …, then the partial sums are
// added. One invocation does this, because barriers would cost more than this short loop.
fn totalOfHeld() -> vec2f {
  var sum = vec2f(0.0);
  for (var first = 0u; first < min(ROWS * ROUNDS, SUMS); first++) {
    var own = vec2f(0.0);
    for (var row = first; row < ROWS * ROUNDS; row += SUMS) {
      own += held[row];
    }
    sum += own;
  }
  if (MEAN) {
    sum.x = select(sum.x / sum.y, nan(), sum.y == 0.0);
  }
  return sum;
}

@compute @workgroup_size(LANES, ROWS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let before = (group.y * grid.x + group.x) * ROWS * ROUNDS;
  // The first round is outside the loop, because rows with several lanes use barriers, and drivers are slow with
  // barriers in loops.
  takePlace(before, local.y, local.xy);
  for (var round = 1u; round < ROUNDS; round++) {
    takePlace(before, round * ROWS + local.y, local.xy);
  }
  if (TOTAL) {
    workgroupBarrier();
    if (index == 0u) {
      let total = totalOfHeld();
      losses[0] = total.x;
      losses[1] = total.y;
    }
  }
}
