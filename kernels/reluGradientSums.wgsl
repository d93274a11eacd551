// reluGradientSums: the gradient of relu's input, and its sums over the rows, the gradient of a preceding bias.
//
//   out[r, c]  = y[r, c] > 0 ? gradient[r, c] : 0        (y = relu(x), so y > 0 if x > 0; NaN passes)
//   sums[s, c] = Σ_r out[r, c],   r in [s·chunk, min((s+1)·chunk, rows))
//
// Shapes     y and gradient [rows, columns], contiguous from their offsets; out [rows, columns]; sums [splits,
//            columns], contiguous from `sumsOffset`.
// Splits     many rows are cut into chunks. A second pass (reduce) adds their sums in order.
// Launch     a workgroup holds COLUMNS columns of LANES invocations each. x: columns, y: chunks; z takes what does not
//            fit into x. Lane l sums rows l, l + LANES, …; then the first lane adds the lanes' sums. Neighbours read
//            neighbouring columns.
// Numerics   float32; the order of the sums depends only on chunk and LANES: the same bits every time.

struct Params {
  rows: u32,
  columns: u32,
  chunk: u32,
  yOffset: u32,
  gradientOffset: u32,
  sumsOffset: u32,
}

@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<storage, read_write> sums: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

override COLUMNS: u32 = 64u;
override LANES: u32 = 1u;

var<workgroup> partials: array<f32, COLUMNS * LANES>;

fn isNan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// Tests the bits, as isNan does: the result of comparing NaN is undefined in WGSL.
fn isPositive(value: f32) -> bool {
  return bitcast<u32>(value) - 1u < 0x7f800000u;
}

@compute @workgroup_size(COLUMNS, LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let column = (group.z * grid.x + group.x) * COLUMNS + local.x;
  let first = group.y * params.chunk;
  let last = select(first, min(first + params.chunk, params.rows), column < params.columns);
  var total = 0.0;
  for (var row = first + local.y; row < last; row += LANES) {
    let at = row * params.columns + column;
    let output = y[params.yOffset + at];
    let passed = select(0.0, gradient[params.gradientOffset + at], isPositive(output) || isNan(output));
    out[at] = passed;
    total += passed;
  }
  if (LANES > 1u) {
    partials[local.y * COLUMNS + local.x] = total;
    workgroupBarrier();
    for (var other = 1u; other < LANES; other++) {
      total += partials[other * COLUMNS + local.x];
    }
  }
  if (local.y == 0u && column < params.columns) {
    sums[params.sumsOffset + group.y * params.columns + column] = total;
  }
}
