// matmul: the product of two batches of matrices.
//
//   out[s, z, i, j] = Σ_p a[z, i, p] · b[z, p, j],   p in [s·chunk, min((s+1)·chunk, k))
//
// Shapes     a [batch, m, k] and b [batch, k, n] with any strides (a transposed or broadcast operand is a
//            matter of strides); out [splits, batch, m, n], contiguous.
// Splits     a long k with few outputs is cut into `splits` chunks whose partial products a second pass
//            (reduce) adds in order. One split: out is the product itself.
// Launch     x: columns, y: rows, z: batch · splits.
// Numerics   float32 accumulators, p ascending: the same bits every time.

struct Params {
  m: u32,
  n: u32,
  k: u32,
  batch: u32,
  chunk: u32,
  aOffset: i32,
  aBatchStride: i32,
  aRowStride: i32,
  aColumnStride: i32,
  bOffset: i32,
  bBatchStride: i32,
  bRowStride: i32,
  bColumnStride: i32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

override WORKGROUP_X: u32 = 16u;
override WORKGROUP_Y: u32 = 4u;

@compute @workgroup_size(WORKGROUP_X, WORKGROUP_Y)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.y;
  let column = id.x;
  let z = i32(id.z % params.batch);
  let split = id.z / params.batch;
  if (row >= params.m || column >= params.n) {
    return;
  }
  let first = split * params.chunk;
  let last = min(first + params.chunk, params.k);
  var aAt = params.aOffset + z * params.aBatchStride + i32(row) * params.aRowStride + i32(first) * params.aColumnStride;
  var bAt = params.bOffset + z * params.bBatchStride + i32(first) * params.bRowStride + i32(column) * params.bColumnStride;
  var total = 0.0;
  for (var p = first; p < last; p++) {
    total += a[aAt] * b[bAt];
    aAt += params.aColumnStride;
    bAt += params.bRowStride;
  }
  out[(id.z * params.m + row) * params.n + column] = total;
}
