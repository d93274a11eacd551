// matmulSubgroup: the product of two batches of matrices, with subgroups.
//
//   out[s, z, i, j] = Σ_p a[z, i, p] · b[z, p, j] + bias[j],   p in [s·chunk, min((s+1)·chunk, k))
//
// The same contract as matmul.wgsl, for devices with subgroups. On software drivers a load costs much more than
// arithmetic, so each lane loads a different row of a, and the subgroup shares the values.
//
// Shapes     a [batch, m, k] and b [batch, k, n] with any strides (also transposed, flipped or broadcast); bias [n],
//            contiguous; out [splits, batch, m, n], contiguous from `outOffset`. k = 0 gives zeros.
// Epilogue   BIAS adds the bias (otherwise `bias` is bound, but not read); RELU then replaces negative values by 0.
//            Both require one split.
// Splits     a long k with few outputs is cut into `splits` chunks. A second pass (reduce) adds their partial products
//            in order. With one split, out is the product itself.
// Requires   a subgroup of at least TILE_LOAD lanes (adapter.info.subgroupMinSize), 8 or 4; WORKGROUP_SIZE a multiple
//            of TILE_LOAD; TILE_ROWS 1, 2 or 4 times TILE_LOAD; with EVEN, every chunk of k even.
// Lanes      with eight lanes, sums are an array, which lavapipe unrolls. With four lanes, they are matrices of four
//            rows in named variables, because SwiftShader unrolls no loop and accesses arrays through memory.
// Launch     workgroups x: ⌈n / (4 · WORKGROUP_SIZE)⌉; y: ⌈m / TILE_ROWS⌉ · batch · splits; z takes what does not fit
//            into x or y (never both). A workgroup computes TILE_ROWS rows; lane l computes columns l, l + W, l + 2W, l
//            + 3W (W = WORKGROUP_SIZE). Neighbouring lanes read neighbouring columns.
// Edges      rows and columns past m and n repeat the last one and are not stored, so the inner loop has no branch.
// Factors    stored as Factor, converted to float32 when they are loaded.
// Numerics   float32 accumulators; p ascending, two steps at a time: sum + (a₀b₀ + a₁b₁). The same bits every time.
// Source     register tiling: Volkov & Demmel, "Benchmarking GPUs to tune dense linear algebra", SC 2008.

enable subgroups;

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
override EVEN: bool = false;
override BIAS: bool = false;
override RELU: bool = false;

const TILE_ROWS = 32;
const TILE_LOAD = 8;
const LOADS = TILE_ROWS / TILE_LOAD;
const WRITTEN_OUT = TILE_LOAD == 4;

// Two consecutive steps of k for one row of a. A step past the chunk counts as zero.
fn rowSteps(at: i32, step: i32, inChunk: vec2<bool>) -> vec2f {
  return select(vec2f(0.0), vec2f(f32(a[at]), f32(a[at + step])), inChunk);
}

fn columnSteps(at: i32, step: i32, inChunk: vec2<bool>) -> vec2f {
  return select(vec2f(0.0), vec2f(f32(b[at]), f32(b[at + step])), inChunk);
}

// The products of two steps of four rows of a, one from each lane, and four columns of b.
fn outer(aSteps: vec2f, bSteps: mat4x2f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(aSteps, 0u) * bSteps,
    subgroupBroadcast(aSteps, 1u) * bSteps,
    subgroupBroadcast(aSteps, 2u) * bSteps,
    subgroupBroadcast(aSteps, 3u) * bSteps
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
  @builtin(subgroup_invocation_id) lane: u32,
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
  let rows = firstRow + TILE_LOAD * vec4i(0, 1, 2, 3) + i32(lane) % TILE_LOAD;
  var aAt = aStart + min(rows, vec4i(m - 1)) * params.aRowStride;

  var sums: array<vec4f, TILE_ROWS>;
  var written0 = mat4x4f();
  var written1 = mat4x4f();
  var written2 = mat4x4f();
  var written3 = mat4x4f();
  for (var p = first; p < last; p += 2u) {
    let inChunk = vec2<bool>(true, EVEN || p + 1u < last);
    let bSteps = mat4x2f(
      columnSteps(bAt.x, bStep, inChunk),
      columnSteps(bAt.y, bStep, inChunk),
      columnSteps(bAt.z, bStep, inChunk),
      columnSteps(bAt.w, bStep, inChunk)
    );
    bAt += 2 * bStep;
    if (WRITTEN_OUT) {
      written0 += outer(rowSteps(aAt.x, aStep, inChunk), bSteps);
      if (LOADS > 1) {
        written1 += outer(rowSteps(aAt.y, aStep, inChunk), bSteps);
      }
      if (LOADS > 2) {
        written2 += outer(rowSteps(aAt.z, aStep, inChunk), bSteps);
        written3 += outer(rowSteps(aAt.w, aStep, inChunk), bSteps);
      }
    } else {
      for (var load = 0; load < LOADS; load++) {
        let aSteps = rowSteps(aAt[load], aStep, inChunk);
        for (var r = 0; r < TILE_LOAD; r++) {
          sums[load * TILE_LOAD + r] += subgroupShuffle(aSteps, u32(r)) * bSteps;
        }
      }
    }
    aAt += 2 * aStep;
  }
  if (WRITTEN_OUT) {
    let written = array<mat4x4f, 4>(written0, written1, written2, written3);
    for (var r = 0; r < TILE_ROWS; r++) {
      sums[r] = written[r / 4][r % 4];
    }
  }

  // The bound is variable on purpose. Unrolled, these stores would take longer to compile than all the rest.
  let count = min(TILE_ROWS, m - firstRow);
  for (var r = 0; r < count; r++) {
    let rowAt = params.outOffset + (i32(matrix) * m + firstRow + r) * n;
    for (var c = 0; c < 4; c++) {
      if (columns[c] < n) {
        var sum = sums[r][c];
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
