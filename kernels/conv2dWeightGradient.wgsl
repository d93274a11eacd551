// conv2dWeightGradient: the gradient of conv2d in its weights.
//
//   out[s, g·M + m, c, i, j] = Σ_{n, y, x} gradient[n, g·M + m, y, x]
//                                          · input[n, g·C + c, y·SY + i·DY - PY, x·SX + j·DX - PX]
//
// over the lines n·outHeight + y in [s·chunk, (s + 1)·chunk), with the input zero outside the image.
//
// Shapes     gradient [batch, groups · M, outHeight, outWidth] and input [batch, groups · C, height, width], contiguous
//            from their offsets; out [splits, groups · M, C, KH, KW]. C is `channels`, M `outChannels`, both of one
//            group. `out` begins at `outOffset`.
// Splits     the long sum is cut into `splits` chunks of lines, whose partial sums a second pass (reduce) adds in
//            order. One split: out is the gradient itself.
// Launch     the product of pixels [C·KH·KW, lines·outWidth] and gradients [lines·outWidth, M], for each group and split:
//            filters have the columns, since their number is a multiple of 32 more often than C·KH·KW is. A workgroup
//            computes TILE_ROWS rows and 4 · WORKGROUP_SIZE columns; invocation l has columns l, l + W, l + 2W, l + 3W
//            (W = WORKGROUP_SIZE). Workgroups: ⌈C·KH·KW / TILE_ROWS⌉ · ⌈M / 4W⌉ · groups · splits, folding into y what x
//            cannot hold.
// Edges      rows and columns past the last repeat it and are not stored.
// Numerics   float32 sums by fused multiply-add, lines in order and positions x within. The same bits every time.
// Source     implicit matrix products: Chetlur et al., "cuDNN: Efficient primitives for deep learning", 2014; tiles as
//            in matmul.wgsl.
// See also   conv2dWeightGradientSubgroup.wgsl, the same contract for devices with subgroups.

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
override WORKGROUP_SIZE: u32 = 8u;

const TILE_ROWS = 8;

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
  let rowTiles = (filterSize + TILE_ROWS - 1) / TILE_ROWS;
  let columnTiles = (params.outChannels + 4 * width - 1) / (4 * width);
  let tile = i32(group.y * grid.x + group.x);
  let firstRow = tile % rowTiles * TILE_ROWS;
  let firstColumn = tile / rowTiles % columnTiles * 4 * width;
  let part = tile / rowTiles / columnTiles % params.groups;
  let split = tile / rowTiles / columnTiles / params.groups;
  let firstLine = split * params.chunk;
  let lastLine = min(firstLine + params.chunk, params.batch * params.outHeight);
  if (firstLine >= lastLine) {
    return;
  }

  let columns = firstColumn + i32(invocation) + width * vec4i(0, 1, 2, 3);
  let filters = part * params.outChannels + min(columns, vec4i(params.outChannels - 1));

  // A row is a channel and a place (i, j) in the filter.
  var top: array<i32, TILE_ROWS>;
  var left: array<i32, TILE_ROWS>;
  var rowAt: array<i32, TILE_ROWS>;
  for (var r = 0; r < TILE_ROWS; r++) {
    let row = min(firstRow + r, filterSize - 1);
    let c = part * params.channels + row / taps;
    let tap = row % taps;
    top[r] = tap / KERNEL_WIDTH * DILATION_Y - PADDING_Y;
    left[r] = tap % KERNEL_WIDTH * DILATION_X - PADDING_X;
    rowAt[r] = params.inputOffset + c * pixels + top[r] * params.width + left[r];
  }

  var sums: array<vec4f, TILE_ROWS>;
  for (var line = firstLine; line < lastLine; line++) {
    let image = line / params.outHeight;
    let y = line - image * params.outHeight;
    let lineAt = image * params.groups * params.channels * pixels + y * STRIDE_Y * params.width;
    var inLine: array<bool, TILE_ROWS>;
    for (var r = 0; r < TILE_ROWS; r++) {
      let inputY = top[r] + y * STRIDE_Y;
      inLine[r] = inputY >= 0 && inputY < params.height;
    }
    var at = params.gradientOffset
      + (image * params.groups * params.outChannels + filters) * positions + y * params.outWidth;
    for (var x = 0; x < params.outWidth; x++) {
      let values = vec4f(gradient[at.x], gradient[at.y], gradient[at.z], gradient[at.w]);
      at += 1;
      for (var r = 0; r < TILE_ROWS; r++) {
        let shift = x * STRIDE_X;
        let inputX = left[r] + shift;
        let inside = inLine[r] && inputX >= 0 && inputX < params.width;
        let pixel = select(0.0, input[lineAt + rowAt[r] + shift], inside);
        sums[r] = fma(vec4f(pixel), values, sums[r]);
      }
    }
  }

  // Counted by rows, which drivers do not unroll: unrolled, these stores would take longer to compile than the rest.
  let lastRow = min(firstRow + TILE_ROWS, filterSize);
  let outAt = params.outOffset + (split * params.groups * params.outChannels + filters) * filterSize;
  for (var row = firstRow; row < lastRow; row++) {
    for (var c = 0; c < 4; c++) {
      if (columns[c] < params.outChannels) {
        out[outAt[c] + row] = sums[row - firstRow][c];
      }
    }
  }
}
