// matmulWorkgroup: the product of two batches of matrices, through workgroup memory.
//
//   out[s, z, i, j] = Σ_p a[z, i, p] · b[z, p, j] + bias[j],   p in [s·chunk, min((s+1)·chunk, k))
//
// The same contract as matmul.wgsl, for GPUs, where sharing loads saves the most. A workgroup copies a slice of a and
// one of b into workgroup memory, and each invocation multiplies from there.
//
// Shapes     a [batch, m, k] and b [batch, k, n] with any strides (also transposed, flipped or broadcast); bias [n],
//            contiguous; out [splits, batch, m, n], contiguous from `outOffset`. k = 0 gives zeros.
// Epilogue   BIAS adds the bias (otherwise `bias` is bound, but not read); RELU then replaces negative values by 0.
//            Both require one split.
// Splits     a long k with few outputs is cut into `splits` chunks. A second pass (reduce) adds their partial products
//            in order. With one split, out is the product itself.
// Tile       the unit of loading is a quad, 4 × 4 numbers: four neighbours from each of four lines of memory,
//            transposed if the neighbours are steps of k. A workgroup has R = TILE_ROWS · WORKGROUP_ROWS rows and C =
//            TILE_COLUMNS · WORKGROUP_COLUMNS columns, and TILE_DEPTH steps of k at a time. An invocation's rows and
//            columns are groups of four that lie 4 · WORKGROUP_ROWS and 4 · WORKGROUP_COLUMNS apart, so neighbours read
//            neighbouring vectors of workgroup memory. The next slice is loaded into registers while this one is
//            multiplied. With TILE_BUFFERS = 2 it has its own memory, which saves one of two barriers.
// Words      Word is a Factor, or with TILE_WORD = 4 a vec4 of them, which loads four neighbours at once. TILE_WORD = 4
//            requires that each operand has a stride of 1, and that its size along that axis (and chunk, if that axis
//            is k), its other strides and its offset are multiples of 4.
// Teams      WORKGROUP_TEAMS teams of invocations share the slices of a block: team t handles slices t, t +
//            WORKGROUP_TEAMS, …. This keeps a GPU busy if there are few blocks with long sums. At the end their sums
//            are added in order, through aTile.
// Requires   TILE_ROWS, TILE_COLUMNS and TILE_DEPTH multiples of 4; TILE_LOADS = ⌈(R + C) · TILE_DEPTH / 16 /
//            invocations of a team⌉, the quads of a slice that an invocation loads; with several teams, TILE_ROWS ·
//            TILE_DEPTH · TILE_BUFFERS / 4 at least WORKGROUP_COLUMNS.
// Launch     workgroups x: ⌈n / C⌉; y: ⌈m / R⌉ · batch · splits; z takes what does not fit into x or y
//            (never both).
// Edges      steps past the chunk count as zero. Rows and columns past m and n read arbitrary values and are not
//            stored.
// Numerics   float32 sums by fused multiply-add, p ascending within a team. The same bits every time, and for every
//            tile with the same number of teams.
// Source     Volkov & Demmel, "Benchmarking GPUs to tune dense linear algebra", SC 2008; Nath, Tomov & Dongarra, "An
//            improved MAGMA GEMM for Fermi GPUs", 2010 (prefetching into registers).

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
alias Word = f32;

@group(0) @binding(0) var<storage, read> a: array<Word>;
@group(0) @binding(1) var<storage, read> b: array<Word>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

override WORKGROUP_ROWS: u32 = 8u;
override WORKGROUP_COLUMNS: u32 = 16u;
override WORKGROUP_TEAMS: u32 = 1u;
override BIAS: bool = false;
override RELU: bool = false;

const TILE_ROWS = 8;
const TILE_COLUMNS = 4;
const TILE_DEPTH = 16;
const TILE_BUFFERS = 2;
const TILE_LOADS = 1;
const TILE_WORD = 1;
const ROW_FOURS = TILE_ROWS / 4;
const COLUMN_FOURS = TILE_COLUMNS / 4;
const DEPTH_FOURS = TILE_DEPTH / 4;

// Groups of four rows of a, and of four columns of b, for each step of k.
var<workgroup> aTile: array<vec4f, WORKGROUP_TEAMS * TILE_BUFFERS * TILE_DEPTH * ROW_FOURS * WORKGROUP_ROWS>;
var<workgroup> bTile: array<vec4f, WORKGROUP_TEAMS * TILE_BUFFERS * TILE_DEPTH * COLUMN_FOURS * WORKGROUP_COLUMNS>;

// The positions of four neighbours of an operand, `stride` apart. A word of four holds all of them: vec4(word) is the
// word itself, and four equal loads become one.
fn placesOf(at: i32, stride: i32) -> vec4i {
  return select(at + stride * vec4i(0, 1, 2, 3), vec4i(at / 4), TILE_WORD == 4);
}

fn fourOfA(at: i32, stride: i32) -> vec4f {
  let places = placesOf(at, stride);
  return vec4f(
    vec4<Factor>(
      vec4<Factor>(a[places.x]).x,
      vec4<Factor>(a[places.y]).y,
      vec4<Factor>(a[places.z]).z,
      vec4<Factor>(a[places.w]).w
    )
  );
}

fn fourOfB(at: i32, stride: i32) -> vec4f {
  let places = placesOf(at, stride);
  return vec4f(
    vec4<Factor>(
      vec4<Factor>(b[places.x]).x,
      vec4<Factor>(b[places.y]).y,
      vec4<Factor>(b[places.z]).z,
      vec4<Factor>(b[places.w]).w
    )
  );
}

// Whether neighbours in memory are steps of k, not rows of a.
fn aRunsAlongSteps() -> bool {
  return abs(params.aColumnStride) <= abs(params.aRowStride);
}

fn bRunsAlongSteps() -> bool {
  return abs(params.bRowStride) < abs(params.bColumnStride);
}

// Four steps of k from `at` on, each for four rows of a.
fn quadOfA(at: i32) -> mat4x4f {
  let turned = aRunsAlongSteps();
  let near = select(params.aRowStride, params.aColumnStride, turned);
  let far = select(params.aColumnStride, params.aRowStride, turned);
  let lines = mat4x4f(
    fourOfA(at, near),
    fourOfA(at + far, near),
    fourOfA(at + 2 * far, near),
    fourOfA(at + 3 * far, near)
  );
  if (turned) {
    return transpose(lines);
  }
  return lines;
}

// Four steps of k from `at` on, each for four columns of b.
fn quadOfB(at: i32) -> mat4x4f {
  let turned = bRunsAlongSteps();
  let near = select(params.bColumnStride, params.bRowStride, turned);
  let far = select(params.bRowStride, params.bColumnStride, turned);
  let lines = mat4x4f(
    fourOfB(at, near),
    fourOfB(at + far, near),
    fourOfB(at + 2 * far, near),
    fourOfB(at + 3 * far, near)
  );
  if (turned) {
    return transpose(lines);
  }
  return lines;
}

// The position of a quad in a slice of `fours` groups of four. x counts groups of rows or columns, y groups of steps.
// Neighbouring invocations load quads that are neighbours in memory.
fn placeOfQuad(quad: i32, fours: i32, alongSteps: bool) -> vec2i {
  if (alongSteps) {
    return vec2i(quad / DEPTH_FOURS, quad % DEPTH_FOURS);
  }
  return vec2i(quad % fours, quad / fours);
}

// Tests the bits, because a compiler may turn the comparison into a maximum, which loses NaN.
fn isNegative(value: f32) -> bool {
  return bitcast<u32>(value) - 0x80000001u < 0x7f800000u;
}

@compute @workgroup_size(WORKGROUP_COLUMNS, WORKGROUP_ROWS, WORKGROUP_TEAMS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let m = i32(params.m);
  let n = i32(params.n);
  let across = i32(WORKGROUP_COLUMNS);
  let down = i32(WORKGROUP_ROWS);
  let lanes = across * down;
  let lane = i32(local.y * WORKGROUP_COLUMNS + local.x);
  let team = i32(local.z);
  let stride = TILE_DEPTH * i32(WORKGROUP_TEAMS);
  let rowTiles = (m + TILE_ROWS * down - 1) / (TILE_ROWS * down);
  // z counts columns if the grid is too narrow for n, and rows otherwise.
  let narrow = i32(grid.x) * TILE_COLUMNS * across < n;
  let tile = i32(select(group.z * grid.y, 0u, narrow) + group.y);
  let matrix = tile / rowTiles;
  let z = matrix % i32(params.batch);
  let split = matrix / i32(params.batch);
  let first = split * i32(params.chunk);
  let last = min(first + i32(params.chunk), i32(params.k));
  if (split > 0 && first >= last) {
    return;
  }
  let firstRow = tile % rowTiles * TILE_ROWS * down;
  let firstColumn = i32(select(0u, group.z * grid.x, narrow) + group.x) * TILE_COLUMNS * across;

  // The quads of each slice that this invocation loads: quads of a, then of b.
  let aFours = ROW_FOURS * down;
  let bFours = COLUMN_FOURS * across;
  let aQuads = aFours * DEPTH_FOURS;
  let quads = aQuads + bFours * DEPTH_FOURS;
  let aStart = params.aOffset + z * params.aBatchStride + firstRow * params.aRowStride;
  let bStart = params.bOffset + z * params.bBatchStride + firstColumn * params.bColumnStride;

  var fetched: array<mat4x4f, TILE_LOADS>;
  var sums: array<vec4f, TILE_ROWS * COLUMN_FOURS>;
  var buffer = 0;
  // The first iteration only loads: no slice can be multiplied yet.
  for (var p = first - stride; p < last; p += stride) {
    let next = p + stride;
    if (next < last) {
      for (var load = 0; load < TILE_LOADS; load++) {
        let quad = load * lanes + lane;
        if (quad < aQuads) {
          let place = placeOfQuad(quad, aFours, aRunsAlongSteps());
          let step = next + team * TILE_DEPTH + 4 * place.y;
          let values = quadOfA(aStart + 4 * place.x * params.aRowStride + step * params.aColumnStride);
          for (var s = 0; s < 4; s++) {
            fetched[load][s] = select(vec4f(0.0), values[s], step + s < last);
          }
        } else if (quad < quads) {
          let place = placeOfQuad(quad - aQuads, bFours, bRunsAlongSteps());
          let step = next + team * TILE_DEPTH + 4 * place.y;
          let values = quadOfB(bStart + 4 * place.x * params.bColumnStride + step * params.bRowStride);
          for (var s = 0; s < 4; s++) {
            fetched[load][s] = select(vec4f(0.0), values[s], step + s < last);
          }
        }
      }
    }
    if (p >= first) {
      let held = (team * TILE_BUFFERS + buffer) * TILE_DEPTH;
      for (var s = 0; s < TILE_DEPTH; s++) {
        let aAt = (held + s) * aFours + i32(local.y);
        let bAt = (held + s) * bFours + i32(local.x);
        var columns = array<vec4f, COLUMN_FOURS>();
        for (var c = 0; c < COLUMN_FOURS; c++) {
          columns[c] = bTile[bAt + c * across];
        }
        for (var four = 0; four < ROW_FOURS; four++) {
          let rows = aTile[aAt + four * down];
          for (var r = 0; r < 4; r++) {
            for (var c = 0; c < COLUMN_FOURS; c++) {
              let at = (4 * four + r) * COLUMN_FOURS + c;
              sums[at] = fma(vec4f(rows[r]), columns[c], sums[at]);
            }
          }
        }
      }
    }
    if (next < last) {
      if (TILE_BUFFERS == 1) {
        workgroupBarrier();
      }
      buffer = (buffer + 1) % TILE_BUFFERS;
      let free = (team * TILE_BUFFERS + buffer) * TILE_DEPTH;
      for (var load = 0; load < TILE_LOADS; load++) {
        let quad = load * lanes + lane;
        if (quad < aQuads) {
          let place = placeOfQuad(quad, aFours, aRunsAlongSteps());
          for (var s = 0; s < 4; s++) {
            aTile[(free + 4 * place.y + s) * aFours + place.x] = fetched[load][s];
          }
        } else if (quad < quads) {
          let place = placeOfQuad(quad - aQuads, bFours, bRunsAlongSteps());
          for (var s = 0; s < 4; s++) {
            bTile[(free + 4 * place.y + s) * bFours + place.x] = fetched[load][s];
          }
        }
      }
      workgroupBarrier();
    }
  }

  if (WORKGROUP_TEAMS > 1u) {
    for (var at = 0; at < TILE_ROWS * COLUMN_FOURS; at++) {
      workgroupBarrier();
      aTile[team * lanes + lane] = sums[at];
      workgroupBarrier();
      for (var other = 1; other < i32(WORKGROUP_TEAMS); other++) {
        sums[at] += aTile[other * lanes + lane];
      }
    }
    if (team > 0) {
      return;
    }
  }

  for (var r = 0; r < TILE_ROWS; r++) {
    let row = firstRow + 4 * (r / 4 * down + i32(local.y)) + r % 4;
    let rowAt = params.outOffset + (matrix * m + row) * n;
    for (var c = 0; c < TILE_COLUMNS; c++) {
      let column = firstColumn + 4 * (c / 4 * across + i32(local.x)) + c % 4;
      if (row < m && column < n) {
        var sum = sums[r * COLUMN_FOURS + c / 4][c % 4];
        if (BIAS) {
          sum += bias[params.biasOffset + column];
        }
        if (RELU) {
          sum = select(sum, 0.0, isNegative(sum));
        }
        out[rowAt + column] = sum;
      }
    }
  }
}
