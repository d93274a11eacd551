// conv2dInputGradient: the gradient of conv2d in its input (transposed convolution).
//
//   out[n, g·C + c, y, x] = Σ_{i, j, m} gradient[n, g·M + m, (y + PY - i·DY) / SY, (x + PX - j·DX) / SX]
//                                       · weight[g·M + m, c, i, j]
//
// over all i and j for which both quotients are integers inside the gradient's image.
//
// Shapes     gradient [batch, groups · M, outHeight, outWidth] and weight [groups · M, C, KH, KW], contiguous from
//            their offsets; out [batch, groups · C, height, width]. C is `channels`, M `outChannels`, both of one
//            group.
// Launch     pixels with equal remainders y mod SY and x mod SX use the same filter positions. Such a phase is one
//            product of weights [C, KH·KW·M] and gradients [KH·KW·M, batch·⌈height/SY⌉·⌈width/SX⌉] for each group. A
//            workgroup computes TILE_ROWS rows and 4 · WORKGROUP_SIZE columns; invocation l computes columns l, l + W,
//            l + 2W, l + 3W (W = WORKGROUP_SIZE). Workgroups: ⌈C / TILE_ROWS⌉ · groups · ⌈columns / 4W⌉ · SY · SX; y
//            takes what does not fit into x.
// Tile       TILE_ROWS is at most 16. Sums are matrices of four rows in named variables, because SwiftShader unrolls no
//            loop and accesses arrays through memory.
// Edges      rows and columns past the end repeat the last one and are not stored.
// Factors    stored as Factor, converted to float32 when they are loaded.
// Numerics   float32 sums; filter positions (i, j) in order, then channels m. The same bits every time.
// Source     implicit matrix products: Chetlur et al., "cuDNN: Efficient primitives for deep learning", 2014; tiles as
//            in matmul.wgsl.
// See also   conv2dInputGradientSubgroup.wgsl, the same contract for devices with subgroups.

struct Params {
  batch: i32,
  groups: i32,
  channels: i32,
  outChannels: i32,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  gradientOffset: i32,
  weightOffset: i32,
}

// The type of the factors in memory: f32, or f16 on devices that support it.
alias Factor = f32;

@group(0) @binding(0) var<storage, read> gradient: array<Factor>;
@group(0) @binding(1) var<storage, read> weight: array<Factor>;
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
override WORKGROUP_SIZE: u32 = 8u;

const TILE_ROWS = 8;

// The outer product of four rows' filter elements and four columns' pixels.
fn outer(weightAt: vec4i, columns: vec4f) -> mat4x4f {
  return mat4x4f(
    f32(weight[weightAt.x]) * columns,
    f32(weight[weightAt.y]) * columns,
    f32(weight[weightAt.z]) * columns,
    f32(weight[weightAt.w]) * columns
  );
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) invocation: u32,
) {
  let width = i32(WORKGROUP_SIZE);
  let pixels = params.height * params.width;
  let positions = params.outHeight * params.outWidth;
  let taps = KERNEL_HEIGHT * KERNEL_WIDTH;
  let filterSize = params.channels * taps;
  let phaseHeight = (params.height + STRIDE_Y - 1) / STRIDE_Y;
  let phaseWidth = (params.width + STRIDE_X - 1) / STRIDE_X;
  let columnCount = params.batch * phaseHeight * phaseWidth;
  let columnTiles = (columnCount + 4 * width - 1) / (4 * width);
  let rowTiles = (params.channels + TILE_ROWS - 1) / TILE_ROWS;
  let tile = i32(group.y * grid.x + group.x);
  let firstRow = tile % rowTiles * TILE_ROWS;
  let part = tile / rowTiles % params.groups;
  let columnTile = tile / rowTiles / params.groups % columnTiles;
  let phase = tile / rowTiles / params.groups / columnTiles;
  if (phase >= STRIDE_Y * STRIDE_X) {
    return;
  }
  let phaseY = phase / STRIDE_X;
  let phaseX = phase % STRIDE_X;

  let columns = columnTile * 4 * width + i32(invocation) + width * vec4i(0, 1, 2, 3);
  let held = min(columns, vec4i(columnCount - 1));
  let image = held / (phaseHeight * phaseWidth);
  let place = held - image * (phaseHeight * phaseWidth);
  let line = place / phaseWidth;
  let spot = place - line * phaseWidth;
  let imageAt = params.gradientOffset + (image * params.groups + part) * params.outChannels * positions;

  let filtersAt = params.weightOffset + part * params.outChannels * filterSize;
  let rows = firstRow + vec4i(0, 1, 2, 3);
  let filters0 = filtersAt + min(rows, vec4i(params.channels - 1)) * taps;
  let filters1 = filtersAt + min(rows + 4, vec4i(params.channels - 1)) * taps;
  let filters2 = filtersAt + min(rows + 8, vec4i(params.channels - 1)) * taps;
  let filters3 = filtersAt + min(rows + 12, vec4i(params.channels - 1)) * taps;
  // Read once, because SwiftShader loads a parameter at every use.
  let count = params.outChannels;
  var sums0 = mat4x4f();
  var sums1 = mat4x4f();
  var sums2 = mat4x4f();
  var sums3 = mat4x4f();
  for (var i = 0; i < KERNEL_HEIGHT; i++) {
    let fromY = phaseY + PADDING_Y - i * DILATION_Y;
    if (fromY % STRIDE_Y != 0) {
      continue;
    }
    for (var j = 0; j < KERNEL_WIDTH; j++) {
      let fromX = phaseX + PADDING_X - j * DILATION_X;
      if (fromX % STRIDE_X != 0) {
        continue;
      }
      let y = line + fromY / STRIDE_Y;
      let x = spot + fromX / STRIDE_X;
      let inside =
        (y >= vec4i(0)) & (y < vec4i(params.outHeight)) & (x >= vec4i(0)) & (x < vec4i(params.outWidth));
      var at = imageAt + y * params.outWidth + x;
      var tap = i * KERNEL_WIDTH + j;
      for (var m = 0; m < count; m++) {
        let loaded = vec4f(vec4<Factor>(gradient[at.x], gradient[at.y], gradient[at.z], gradient[at.w]));
        let values = select(vec4f(0.0), loaded, inside);
        at += positions;
        sums0 += outer(filters0 + tap, values);
        if (TILE_ROWS > 4) {
          sums1 += outer(filters1 + tap, values);
        }
        if (TILE_ROWS > 8) {
          sums2 += outer(filters2 + tap, values);
        }
        if (TILE_ROWS > 12) {
          sums3 += outer(filters3 + tap, values);
        }
        tap += filterSize;
      }
    }
  }

  var sums = array<mat4x4f, 4>(sums0, sums1, sums2, sums3);
  // Counts rows, so drivers do not unroll the loop. Unrolled, these stores would take longer to compile than all the
  // rest.
  let lastRow = min(firstRow + TILE_ROWS, params.channels);
  let outY = line * STRIDE_Y + phaseY;
  let outX = spot * STRIDE_X + phaseX;
  let kept = (columns < vec4i(columnCount)) & (outY < vec4i(params.height)) & (outX < vec4i(params.width));
  let outAt = (image * params.groups + part) * params.channels * pixels + outY * params.width + outX;
  for (var row = firstRow; row < lastRow; row++) {
    let r = row - firstRow;
    for (var c = 0; c < 4; c++) {
      if (kept[c]) {
        out[outAt[c] + row * pixels] = sums[r / 4][r % 4][c];
      }
    }
  }
}
