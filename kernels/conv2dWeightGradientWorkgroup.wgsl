// conv2dWeightGradientWorkgroup: the gradient of conv2d in its weights, through workgroup memory.
//
//   out[s, g·M + m, c, i, j] = Σ_{n, y, x} gradient[n, g·M + m, y, x]
//                                          · input[n, g·C + c, y·SY + i·DY - PY, x·SX + j·DX - PX]
//
// over the lines n·outHeight + y in [s·chunk, (s + 1)·chunk), where the input is zero outside the image.
//
// The same contract as conv2dWeightGradient.wgsl, for GPUs. A workgroup copies a slice of each operand into workgroup
// memory, and each invocation multiplies from there.
//
// Shapes     gradient [batch, groups · M, outHeight, outWidth] and input [batch, groups · C, height, width], contiguous
//            from their offsets; out [splits, groups · M, C, KH, KW]. C is `channels`, M `outChannels`, both of one
//            group. `out` begins at `outOffset`.
// Splits     the long sum is cut into `splits` chunks of lines. A second pass (reduce) adds their partial sums in
//            order. With one split, out is the gradient itself.
// Tile       the unit of loading is a quad, 4 × 4 numbers. A workgroup has R = TILE_ROWS · WORKGROUP_ROWS rows and C =
//            TILE_COLUMNS · WORKGROUP_COLUMNS columns, and each of its WORKGROUP_TEAMS teams handles TILE_DEPTH terms
//            at a time. Everything else is as in matmulWorkgroup.wgsl.
// Requires   TILE_ROWS, TILE_COLUMNS and TILE_DEPTH multiples of 4; TILE_LOADS = ⌈(R + C) · TILE_DEPTH / 16 /
//            invocations of a team⌉, the quads of a slice that an invocation loads; with several teams, TILE_ROWS ·
//            TILE_DEPTH · TILE_BUFFERS / 4 at least WORKGROUP_COLUMNS.
// Launch     the product of pixels [C·KH·KW, lines·outWidth] and gradients [lines·outWidth, M], for each group and
//            split. Workgroups: ⌈C·KH·KW / R⌉ · ⌈M / C⌉ (of the tile) · groups · splits; y takes what does not fit into
//            x.
// Edges      terms past the end count as zero. Rows and columns past the end read arbitrary values and are not stored.
// Numerics   float32 sums by fused multiply-add, lines in order, then positions x. The same bits every time, and for
//            every tile with the same number of teams.
// Source     implicit matrix products: Chetlur et al., "cuDNN: Efficient primitives for deep learning", 2014; tiles as
//            in matmulWorkgroup.wgsl.

struct Params {
  batch: i32,
  groups: i32,
  channels: i32,
  outChannels: i32,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  chunk: i32,
  gradientOffset: i32,
  inputOffset: i32,
  outOffset: i32,
}

@group(0) @binding(0) var<storage, read> gradient: array<f32>;
@group(0) @binding(1) var<storage, read> input: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

override KERNEL_HEIGHT: i32 = 3;
override KERNEL_WIDTH: i32 = 3;
override STRIDE_Y: i32 = 1;
override STRIDE_X: i32 = 1;
override PADDING_Y: i32 = 1;
override PADDING_X: i32 = 1;
override DILATION_Y: i32 = 1;
override DILATION_X: i32 = 1;
override WORKGROUP_ROWS: u32 = 8u;
override WORKGROUP_COLUMNS: u32 = 16u;
override WORKGROUP_TEAMS: u32 = 1u;

const TILE_ROWS = 8;
const TILE_COLUMNS = 4;
const TILE_DEPTH = 16;
const TILE_BUFFERS = 2;
const TILE_LOADS = 1;
const ROW_FOURS = TILE_ROWS / 4;
const COLUMN_FOURS = TILE_COLUMNS / 4;
const DEPTH_FOURS = TILE_DEPTH / 4;

// Groups of four rows, and of four columns, for each term.
var<workgroup> aTile: array<vec4f, WORKGROUP_TEAMS * TILE_BUFFERS * TILE_DEPTH * ROW_FOURS * WORKGROUP_ROWS>;
var<workgroup> bTile: array<vec4f, WORKGROUP_TEAMS * TILE_BUFFERS * TILE_DEPTH * COLUMN_FOURS * WORKGROUP_COLUMNS>;

// Four pixels of the channels that start at `at`, zero outside the image.
fn pixelsAt(at: vec4i, y: vec4i, x: vec4i) -> vec4f {
  let inside = (y >= vec4i(0)) & (y < vec4i(params.height)) & (x >= vec4i(0)) & (x < vec4i(params.width));
  let places = at + y * params.width + x;
  let values = vec4f(input[places.x], input[places.y], input[places.z], input[places.w]);
  return select(vec4f(0.0), values, inside);
}

// The position of a quad in a slice of `fours` groups of four. x counts groups of rows or columns, y groups of terms.
// Neighbouring invocations load quads that are neighbours in memory.
fn placeOfQuad(quad: i32, fours: i32, alongTerms: bool) -> vec2i {
  if (alongTerms) {
    return vec2i(quad / DEPTH_FOURS, quad % DEPTH_FOURS);
  }
  return vec2i(quad % fours, quad / fours);
}

@compute @workgroup_size(WORKGROUP_COLUMNS, WORKGROUP_ROWS, WORKGROUP_TEAMS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let across = i32(WORKGROUP_COLUMNS);
  let down = i32(WORKGROUP_ROWS);
  let lanes = across * down;
  let lane = i32(local.y * WORKGROUP_COLUMNS + local.x);
  let team = i32(local.z);
  let stride = TILE_DEPTH * i32(WORKGROUP_TEAMS);
  let pixels = params.height * params.width;
  let positions = params.outHeight * params.outWidth;
  let taps = KERNEL_HEIGHT * KERNEL_WIDTH;
  let filterSize = params.channels * taps;
  let rowTiles = (filterSize + TILE_ROWS * down - 1) / (TILE_ROWS * down);
  let columnTiles = (params.outChannels + TILE_COLUMNS * across - 1) / (TILE_COLUMNS * across);
  let tile = i32(group.y * grid.x + group.x);
  let firstRow = tile % rowTiles * TILE_ROWS * down;
  let firstColumn = tile / rowTiles % columnTiles * TILE_COLUMNS * across;
  let part = tile / rowTiles / columnTiles % params.groups;
  let split = tile / rowTiles / columnTiles / params.groups;
  let firstTerm = split * params.chunk * params.outWidth;
  let lastTerm = min(firstTerm + params.chunk * params.outWidth, params.batch * positions);
  if (firstTerm >= lastTerm) {
    return;
  }

  // The quads of each slice that this invocation loads: quads of rows, then of columns.
  let aFours = ROW_FOURS * down;
  let bFours = COLUMN_FOURS * across;
  let aQuads = aFours * DEPTH_FOURS;
  let quads = aQuads + bFours * DEPTH_FOURS;
  // A row is a channel and a position (i, j) in the filter.
  var channelAt: array<vec4i, TILE_LOADS>;
  var top: array<vec4i, TILE_LOADS>;
  var left: array<vec4i, TILE_LOADS>;
  for (var load = 0; load < TILE_LOADS; load++) {
    let quad = load * lanes + lane;
    let rows = firstRow + 4 * placeOfQuad(quad, aFours, true).x + vec4i(0, 1, 2, 3);
    let tap = rows % taps;
    channelAt[load] = params.inputOffset + rows / taps * pixels;
    top[load] = tap / KERNEL_WIDTH * DILATION_Y - PADDING_Y;
    left[load] = tap % KERNEL_WIDTH * DILATION_X - PADDING_X;
  }

  var fetched: array<mat4x4f, TILE_LOADS>;
  var sums: array<vec4f, TILE_ROWS * COLUMN_FOURS>;
  var buffer = 0;
  // The first iteration only loads: no slice can be multiplied yet.
  for (var p = firstTerm - stride; p < lastTerm; p += stride) {
    let next = p + stride;
    if (next < lastTerm) {
      for (var load = 0; load < TILE_LOADS; load++) {
        let quad = load * lanes + lane;
        if (quad < aQuads) {
          let term = next + team * TILE_DEPTH + 4 * placeOfQuad(quad, aFours, true).y;
          for (var s = 0; s < 4; s++) {
            let image = (term + s) / positions;
            let position = term + s - image * positions;
            let line = position / params.outWidth;
            let y = line * STRIDE_Y + top[load];
            let x = (position - line * params.outWidth) * STRIDE_X + left[load];
            let at = channelAt[load] + (image * params.groups + part) * params.channels * pixels;
            let values = pixelsAt(at, y, x);
            fetched[load][s] = select(vec4f(0.0), values, term + s < lastTerm);
          }
        } else if (quad < quads) {
          let place = placeOfQuad(quad - aQuads, bFours, true);
          let term = next + team * TILE_DEPTH + 4 * place.y;
          for (var s = 0; s < 4; s++) {
            let image = (term + s) / positions;
            let filters = (image * params.groups + part) * params.outChannels + firstColumn + 4 * place.x;
            let at = params.gradientOffset + filters * positions + term + s - image * positions;
            let slopes = vec4f(
              gradient[at],
              gradient[at + positions],
              gradient[at + 2 * positions],
              gradient[at + 3 * positions]
            );
            fetched[load][s] = select(vec4f(0.0), slopes, term + s < lastTerm);
          }
        }
      }
    }
    if (p >= firstTerm) {
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
    if (next < lastTerm) {
      if (TILE_BUFFERS == 1) {
        workgroupBarrier();
      }
      buffer = (buffer + 1) % TILE_BUFFERS;
      let free = (team * TILE_BUFFERS + buffer) * TILE_DEPTH;
      for (var load = 0; load < TILE_LOADS; load++) {
        let quad = load * lanes + lane;
        if (quad < aQuads) {
          let place = placeOfQuad(quad, aFours, true);
          for (var s = 0; s < 4; s++) {
            aTile[(free + 4 * place.y + s) * aFours + place.x] = fetched[load][s];
          }
        } else if (quad < quads) {
          let place = placeOfQuad(quad - aQuads, bFours, true);
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

  for (var c = 0; c < TILE_COLUMNS; c++) {
    let column = firstColumn + 4 * (c / 4 * across + i32(local.x)) + c % 4;
    let filters = (split * params.groups + part) * params.outChannels + column;
    for (var r = 0; r < TILE_ROWS; r++) {
      let row = firstRow + 4 * (r / 4 * down + i32(local.y)) + r % 4;
      if (row < filterSize && column < params.outChannels) {
        out[params.outOffset + filters * filterSize + row] = sums[r * COLUMN_FOURS + c / 4][c % 4];
      }
    }
  }
}
