// matmulWorkgroup: the product of two batches of matrices, through workgroup memory.
//
//   out[s, z, i, j] = Σ_p a[z, i, p] · b[z, p, j] + bias[j],   p in [s·chunk, min((s+1)·chunk, k))
//
// Same contract as matmul.wgsl, for GPUs, where invocations that share what they load save the most: a workgroup
// copies a slice of a and one of b into its memory, and each invocation multiplies them from there.
//
// Shapes     a [batch, m, k] and b [batch, k, n] with any strides (a transposed, flipped or broadcast operand is
//            a matter of strides); bias [n], contiguous; out [splits, batch, m, n], contiguous from `outOffset`.
//            k = 0 gives zeros.
// Epilogue   BIAS adds the bias (else `bias` is bound, but not read); RELU then puts 0 for what is negative. Both with
//            one split alone.
// Splits     a long k with few outputs is cut into `splits` chunks whose partial products a second pass
//            (reduce) adds in order. One split: out is the product itself.
// Tile       4 × 4 numbers, a quad, are the unit of loading: four lines of memory, four neighbours of each, and turned
//            where the neighbours are steps of k. A workgroup has R = TILE_ROWS · WORKGROUP_ROWS rows and
//            C = TILE_COLUMNS · WORKGROUP_COLUMNS columns, and TILE_DEPTH steps of k at a time. Rows and columns of an
//            invocation come in fours that lie 4 · WORKGROUP_ROWS and 4 · WORKGROUP_COLUMNS apart, so that neighbours
//            read neighbouring vectors of workgroup memory. The next slice is fetched into registers while this one is
//            multiplied; with TILE_BUFFERS = 2 it has memory of its own, which saves one barrier of two.
// Words      Word is a Factor, or a vec4 of them: with TILE_WORD = 4 it loads four neighbours at once. Then each operand has a stride of 1, along
//            which its size (and chunk, if that is along k) is a multiple of 4, as are its other strides and its offset.
// Teams      WORKGROUP_TEAMS times as many invocations take turns at the slices, team t at slices t, t + WORKGROUP_TEAMS, …: what
//            a GPU needs where few blocks have long sums. Their sums are added in order in the end, through aTile.
// Requires   TILE_ROWS, TILE_COLUMNS and TILE_DEPTH multiples of 4; TILE_LOADS the quads of a slice,
//            (R + C) · TILE_DEPTH / 16, over the invocations of a team, rounded up; for several teams TILE_ROWS · TILE_DEPTH ·
//            TILE_BUFFERS / 4 at least WORKGROUP_COLUMNS.
// Launch     workgroups x: ⌈n / C⌉; y: ⌈m / R⌉ · batch · splits, folding into z what y cannot hold.
// Edges      steps past the chunk count as zero; rows and columns past m and n read what is there, and are not stored.
// Numerics   float32 sums by fused multiply-add, p ascending within a team: the same bits every time, and for every tile
//            with as many teams.
// Source     Volkov & Demmel, "Benchmarking GPUs to tune dense linear algebra", SC 2008; Nath, Tomov & Dongarra, "An
//            improved MAGMA GEMM for Fermi GPUs", 2010 (fetching ahead into registers).

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

// How the factors lie in memory: f32, or f16 on devices that have it.
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

// Fours of rows of a and of columns of b, for each step of k.
var<workgroup> aTile: array<vec4f, WORKGROUP_TEAMS * TILE_BUFFERS * TILE_DEPTH * ROW_FOURS * WORKGROUP_ROWS>;
var<workgroup> bTile: array<vec4f, WORKGROUP_TEAMS * TILE_BUFFERS * TILE_DEPTH * COLUMN_FOURS * WORKGROUP_COLUMNS>;

// Four neighbours of an operand, `stride` apart. A word of four is all four of them: vec4(word) is the word itself,
// and four equal loads are one; vec4(number) has the number everywhere.
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

// Whether neighbours in memory are steps of k, rather than rows of a or columns of b.
fn aRunsAlongSteps() -> bool {
  return abs(params.aColumnStride) <= abs(params.aRowStride);
}

fn bRunsAlongSteps() -> bool {
  return abs(params.bRowStride) < abs(params.bColumnStride);
}

// Four steps of k from `at` on, each with four rows of a.
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

// Four steps of k from `at` on, each with four columns of b.
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

// A quad's place in a slice of `fours` fours: x counts fours of rows or columns, y fours of steps. Invocations that are
// neighbours take quads that are neighbours in memory.
fn placeOfQuad(quad: i32, fours: i32, alongSteps: bool) -> vec2i {
  if (alongSteps) {
    return vec2i(quad / DEPTH_FOURS, quad % DEPTH_FOURS);
  }
  return vec2i(quad % fours, quad / fours);
}

// By bits, not as numbers: a compiler that takes the comparison for a maximum loses NaN.
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
  let tile = i32(group.z * grid.y + group.y);
  let matrix = tile / rowTiles;
  let z = matrix % i32(params.batch);
  let split = matrix / i32(params.batch);
  let first = split * i32(params.chunk);
  let last = min(first + i32(params.chunk), i32(params.k));
  if (split > 0 && first >= last) {
    return;
  }
  let firstRow = tile % rowTiles * TILE_ROWS * down;
  let firstColumn = i32(group.x) * TILE_COLUMNS * across;

  // What this invocation loads of each slice: quads of a, then of b.
  let aFours = ROW_FOURS * down;
  let bFours = COLUMN_FOURS * across;
  let aQuads = aFours * DEPTH_FOURS;
  let quads = aQuads + bFours * DEPTH_FOURS;
  let aStart = params.aOffset + z * params.aBatchStride + firstRow * params.aRowStride;
  let bStart = params.bOffset + z * params.bBatchStride + firstColumn * params.bColumnStride;

  var fetched: array<mat4x4f, TILE_LOADS>;
  var sums: array<vec4f, TILE_ROWS * COLUMN_FOURS>;
  var buffer = 0;
  // Before the first slice there is nothing to multiply yet.
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
