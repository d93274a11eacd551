// matmul: the product of two batches of matrices.
//
//   out[s, z, i, j] = Σ_p a[z, i, p] · b[z, p, j] + bias[j],   p in [s·chunk, min((s+1)·chunk, k))
//
// Shapes     a [batch, m, k] and b [batch, k, n] with any strides (also transposed, flipped or broadcast); bias [n],
//            contiguous; out [splits, batch, m, n], contiguous from `outOffset`. k = 0 gives zeros.
// Epilogue   BIAS adds the bias (otherwise `bias` is bound, but not read); RELU then replaces negative values by 0.
//            Both require one split.
// Splits     a long k with few outputs is cut into `splits` chunks. A second pass (reduce) adds their partial products
//            in order. With one split, out is the product itself.
// Launch     workgroups x: ⌈n / (4 · WORKGROUP_SIZE)⌉; y: ⌈m / TILE_ROWS⌉ · batch · splits; z takes what does not fit
//            into x or y (never both). A workgroup computes TILE_ROWS rows; invocation l computes columns l, l + W, l + 2W, l
//            + 3W (W = WORKGROUP_SIZE). Neighbours read neighbouring columns, and all read the same element of a.
// Tile       TILE_ROWS is at most 16. Sums are matrices of four rows in named variables, because SwiftShader unrolls no
//            loop and accesses arrays through memory.
// Edges      rows and columns past m and n repeat the last one and are not stored, so the inner loop has no branch.
// Factors    stored as Factor, converted to float32 when they are loaded.
// Numerics   float32 accumulators; p ascending. The same bits every time.
// Source     register tiling: Volkov & Demmel, "Benchmarking GPUs to tune dense linear algebra", SC 2008.
// See also   matmulSubgroup.wgsl, the same contract for devices with subgroups.

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
  biasOffset: i32,
  outOffset: i32,
}

// The type of the factors in memory: f32, or f16 on devices that support it.
alias Factor = f32;

@group(0) @binding(0) var<storage, read> a: array<Factor>;
@group(0) @binding(1) var<storage, read> b: array<Factor>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

override WORKGROUP_SIZE: u32 = 8u;
override BIAS: bool = false;
override RELU: bool = false;

const TILE_ROWS = 8;

// The outer product of four rows of a and four columns of b.
fn outer(aAt: vec4i, columns: vec4f) -> mat4x4f {
  return mat4x4f(
    f32(a[aAt.x]) * columns,
    f32(a[aAt.y]) * columns,
    f32(a[aAt.z]) * columns,
    f32(a[aAt.w]) * columns
  );
}

// Tests the bits, because a compiler may turn the comparison into a maximum, which loses NaN.
fn isNegative(value: f32) -> bool {
  return bitcast<u32>(value) - 0x80000001u < 0x7f800000u;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) invocation: u32,
) {
  let m = i32(params.m);
  let n = i32(params.n);
  let width = i32(WORKGROUP_SIZE);
  let rowTiles = (params.m + u32(TILE_ROWS) - 1u) / u32(TILE_ROWS);
  // z counts columns if the grid is too narrow for n, and rows otherwise.
  let narrow = grid.x * 4u * WORKGROUP_SIZE < params.n;
  let tile = select(group.z * grid.y, 0u, narrow) + group.y;
  let columnTile = i32(select(0u, group.z * grid.x, narrow) + group.x);
  let matrix = tile / rowTiles;
  let z = i32(matrix % params.batch);
  let split = matrix / params.batch;
  if (split > 0u && split * params.chunk >= params.k) {
    return;
  }
  let first = split * params.chunk;
  let last = min(first + params.chunk, params.k);
  let firstRow = i32(tile % rowTiles) * TILE_ROWS;
  let columns = columnTile * 4 * width + i32(invocation) + width * vec4i(0, 1, 2, 3);

  let aStart = params.aOffset + z * params.aBatchStride + i32(first) * params.aColumnStride;
  let bStart = params.bOffset + z * params.bBatchStride + i32(first) * params.bRowStride;
  var bAt = bStart + min(columns, vec4i(n - 1)) * params.bColumnStride;
  // Read once, because SwiftShader loads a parameter at every use.
  let aStep = params.aColumnStride;
  let bStep = params.bRowStride;
  let rows = firstRow + vec4i(0, 1, 2, 3);
  var aAt0 = aStart + min(rows, vec4i(m - 1)) * params.aRowStride;
  var aAt1 = aStart + min(rows + 4, vec4i(m - 1)) * params.aRowStride;
  var aAt2 = aStart + min(rows + 8, vec4i(m - 1)) * params.aRowStride;
  var aAt3 = aStart + min(rows + 12, vec4i(m - 1)) * params.aRowStride;
  var sums0 = mat4x4f();
  var sums1 = mat4x4f();
  var sums2 = mat4x4f();
  var sums3 = mat4x4f();
  for (var p = first; p < last; p++) {
    let values = vec4f(vec4<Factor>(b[bAt.x], b[bAt.y], b[bAt.z], b[bAt.w]));
    sums0 += outer(aAt0, values);
    if (TILE_ROWS > 4) {
      sums1 += outer(aAt1, values);
    }
    if (TILE_ROWS > 8) {
      sums2 += outer(aAt2, values);
    }
    if (TILE_ROWS > 12) {
      sums3 += outer(aAt3, values);
    }
    aAt0 += aStep;
    aAt1 += aStep;
    aAt2 += aStep;
    aAt3 += aStep;
    bAt += bStep;
  }

  var sums = array<mat4x4f, 4>(sums0, sums1, sums2, sums3);
  // The bound is variable on purpose. Unrolled, these stores would take longer to compile than all the rest.
  let count = min(TILE_ROWS, m - firstRow);
  for (var r = 0; r < count; r++) {
    let rowAt = params.outOffset + (i32(matrix) * m + firstRow + r) * n;
    for (var c = 0; c < 4; c++) {
      if (columns[c] < n) {
        var sum = sums[r / 4][r % 4][c];
        if (BIAS) {
          sum += bias[params.biasOffset + columns[c]];
        }
        if (RELU) {
          sum = select(sum, 0.0, isNegative(sum));
        }
        out[rowAt + columns[c]] = sum;
      }
    }
  }
}
