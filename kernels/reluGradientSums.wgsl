// reluGradientSums: the gradient through relu, and its sums over the rows, which are the gradient of a bias before it.
//
//   out[r, c]  = y[r, c] > 0 ? gradient[r, c] : 0        (y = relu(x), so that y > 0 where x > 0; NaN passes)
//   sums[s, c] = Σ_r out[r, c],   r in [s·chunk, min((s+1)·chunk, rows))
//
// Shapes     y and gradient [rows, columns], contiguous from their offsets; out [rows, columns]; sums [splits, columns],
//            contiguous from `sumsOffset`.
// Splits     many rows are cut into chunks, whose sums a second pass (reduce) adds in order.
// Launch     one invocation a column and chunk; x: columns, y: chunks. Neighbours read neighbouring columns.
// Numerics   float32, rows in order: the same bits every time.

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

override WORKGROUP: u32 = 64u;

fn isNan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// By bits, as in isNan: comparing numbers leaves open what NaN gives.
fn isPositive(value: f32) -> bool {
  return bitcast<u32>(value) - 1u < 0x7f800000u;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let column = id.x;
  if (column >= params.columns) {
    return;
  }
  let first = id.y * params.chunk;
  let last = min(first + params.chunk, params.rows);
  var total = 0.0;
  for (var row = first; row < last; row++) {
    let at = row * params.columns + column;
    let output = y[params.yOffset + at];
    let passed = select(0.0, gradient[params.gradientOffset + at], isPositive(output) || isNan(output));
    out[at] = passed;
    total += passed;
  }
  sums[params.sumsOffset + id.y * params.columns + column] = total;
}
