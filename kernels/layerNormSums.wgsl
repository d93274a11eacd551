// layerNormSums: the sums over rows that are the gradients of layerNorm's bias and weight, in parts.
//
//   part s: rows [s·chunk, min((s+1)·chunk, rows))
//   partials[s, 0, j] = Σ_r gradient[r, j],   partials[s, 1, j] = Σ_r gradient[r, j] · (x[r, j] - mean[r]) · scale[r]
//
// Shapes     x and gradient [rows, length], contiguous from their offsets; stats [rows, 2]: mean and scale, from
//            layerNorm; partials [parts, 2, length].
// Launch     one invocation per column and part. x: columns; y folds grids that are too wide; z: parts.
// Numerics   rows are added in order.

struct Params {
  rows: u32,
  length: u32,
  chunk: u32,
  offset: u32,
  gradientOffset: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> gradient: array<f32>;
@group(0) @binding(2) var<storage, read> stats: array<f32>;
@group(0) @binding(3) var<storage, read_write> partials: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

override WORKGROUP: u32 = 64u;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(global_invocation_id) id: vec3<u32>,
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
) {
  let column = id.y * grid.x * WORKGROUP + id.x;
  if (column >= params.length) {
    return;
  }
  let first = group.z * params.chunk;
  let last = min(first + params.chunk, params.rows);
  var total = vec2<f32>();
  for (var row = first; row < last; row++) {
    let at = row * params.length + column;
    let g = gradient[params.gradientOffset + at];
    total += vec2<f32>(g, g * ((x[params.offset + at] - stats[2u * row]) * stats[2u * row + 1u]));
  }
  let slot = 2u * group.z * params.length + column;
  partials[slot] = total.x;
  partials[slot + params.length] = total.y;
}
