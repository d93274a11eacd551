// conv2dWeightGradient: the gradient of conv2d in its weights.
//
//   out[s, g·M + m, c, i, j] = Σ_{n, y, x} gradient[n, g·M + m, y, x]
//                                          · input[n, g·C + c, y·SY + i·DY - PY, x·SX + j·DX - PX]
//
// over the lines n·outHeight + y in [s·chunk, (s + 1)·chunk), where the input is zero outside the image.
//
// Shapes     gradient [batch, groups · M, outHeight, outWidth] and input [batch, groups · C, height, width], contiguous
//            from their offsets; out [splits, groups · M, C, KH, KW]. C is `channels`, M `outChannels`, both of one
//            group. `out` begins at `outOffset`.
// Splits     the long sum is cut into `splits` chunks of lines. A second pass (reduce) adds their partial sums in
//            order. With one split, out is the gradient itself.
// Launch     the product of pixels [C·KH·KW, lines·outWidth] and gradients [lines·outWidth, M], for each group and
//            split. Filters are the columns, because their number is a multiple of 32 more often than C·KH·KW is. A
//            workgroup computes TILE_ROWS rows and 4 · WORKGROUP_SIZE columns; invocation l computes columns l, l + W,
//            l + 2W, l + 3W (W = WORKGROUP_SIZE). Workgroups: ⌈C·KH·KW / TILE_ROWS⌉ · ⌈M / 4W⌉ · groups · splits; y
//            takes what does not fit into x.
// Tile       TILE_ROWS is at most 16. Sums are matrices of four rows in named variables, because SwiftShader unrolls no
//            loop and accesses arrays through memory.
// Edges      rows and columns past the end repeat the last one and are not stored.
// Factors    stored as Factor, converted to float32 when they are loaded.
// Numerics   float32 sums, lines in order, then positions x. The same bits every time.
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

// The type of the factors in memory: f32, or f16 on devices that support it.
alias Factor = f32;

@group(0) @binding(0) var<storage, read> gradient: array<Factor>;
@group(0) @binding(1) var<storage, read> input: array<Factor>;
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

// The products of four pixels, one per row, and four columns. `at` is the position of a pixel; a pixel that is not
// `inside` counts as 0.
fn outer(at: vec4i, inside: vec4<bool>, columns: vec4f) -> mat4x4f {
  let loaded = vec4f(vec4<Factor>(input[at.x], input[at.y], input[at.z], input[at.w]));
  let pixels = select(vec4f(0.0), loaded, inside);
  return mat4x4f(pixels.x * columns, pixels.y * columns, pixels.z * columns, pixels.w * columns);
}

// Whether each number is in 0 … count - 1.
fn within(numbers: vec4i, count: i32) -> vec4<bool> {
  return (numbers >= vec4i(0)) & (numbers < vec4i(count));
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

  // A row is a channel and a position (i, j) in the filter.
  let rows0 = min(firstRow + 0 + vec4i(0, 1, 2, 3), vec4i(filterSize - 1));
  let top0 = rows0 % taps / KERNEL_WIDTH * DILATION_Y - PADDING_Y;
  let left0 = rows0 % taps % KERNEL_WIDTH * DILATION_X - PADDING_X;
  let rowAt0 = params.inputOffset + (part * params.channels + rows0 / taps) * pixels + top0 * params.width + left0;
  let rows1 = min(firstRow + 4 + vec4i(0, 1, 2, 3), vec4i(filterSize - 1));
  let top1 = rows1 % taps / KERNEL_WIDTH * DILATION_Y - PADDING_Y;
  let left1 = rows1 % taps % KERNEL_WIDTH * DILATION_X - PADDING_X;
  let rowAt1 = params.inputOffset + (part * params.channels + rows1 / taps) * pixels + top1 * params.width + left1;
  let rows2 = min(firstRow + 8 + vec4i(0, 1, 2, 3), vec4i(filterSize - 1));
  let top2 = rows2 % taps / KERNEL_WIDTH * DILATION_Y - PADDING_Y;
  let left2 = rows2 % taps % KERNEL_WIDTH * DILATION_X - PADDING_X;
  let rowAt2 = params.inputOffset + (part * params.channels + rows2 / taps) * pixels + top2 * params.width + left2;
  let rows3 = min(firstRow + 12 + vec4i(0, 1, 2, 3), vec4i(filterSize - 1));
  let top3 = rows3 % taps / KERNEL_WIDTH * DILATION_Y - PADDING_Y;
  let left3 = rows3 % taps % KERNEL_WIDTH * DILATION_X - PADDING_X;
  let rowAt3 = params.inputOffset + (part * params.channels + rows3 / taps) * pixels + top3 * params.width + left3;
  // Read once, because SwiftShader loads a parameter at every use.
  let height = params.height;
  let inputWidth = params.width;
  let outWidth = params.outWidth;
  var sums0 = mat4x4f();
  var sums1 = mat4x4f();
  var sums2 = mat4x4f();
  var sums3 = mat4x4f();
  for (var line = firstLine; line < lastLine; line++) {
    let image = line / params.outHeight;
    let y = line - image * params.outHeight;
    let lineAt = image * params.groups * params.channels * pixels + y * STRIDE_Y * inputWidth;
    let inLine0 = within(top0 + y * STRIDE_Y, height);
    let inLine1 = within(top1 + y * STRIDE_Y, height);
    let inLine2 = within(top2 + y * STRIDE_Y, height);
    let inLine3 = within(top3 + y * STRIDE_Y, height);
    var at = params.gradientOffset
      + (image * params.groups * params.outChannels + filters) * positions + y * outWidth;
    for (var x = 0; x < outWidth; x++) {
      let values = vec4f(vec4<Factor>(gradient[at.x], gradient[at.y], gradient[at.z], gradient[at.w]));
      let shift = x * STRIDE_X;
      at += 1;
      sums0 += outer(lineAt + rowAt0 + shift, inLine0 & within(left0 + shift, inputWidth), values);
      if (TILE_ROWS > 4) {
        sums1 += outer(lineAt + rowAt1 + shift, inLine1 & within(left1 + shift, inputWidth), values);
      }
      if (TILE_ROWS > 8) {
        sums2 += outer(lineAt + rowAt2 + shift, inLine2 & within(left2 + shift, inputWidth), values);
      }
      if (TILE_ROWS > 12) {
        sums3 += outer(lineAt + rowAt3 + shift, inLine3 & within(left3 + shift, inputWidth), values);
      }
    }
  }

  var sums = array<mat4x4f, 4>(sums0, sums1, sums2, sums3);
  // Counts rows, so drivers do not unroll the loop. Unrolled, these stores would take longer to compile than all the
  // rest.
  let lastRow = min(firstRow + TILE_ROWS, filterSize);
  let outAt = params.outOffset + (split * params.groups * params.outChannels + filters) * filterSize;
  for (var row = firstRow; row < lastRow; row++) {
    let r = row - firstRow;
    for (var c = 0; c < 4; c++) {
      if (columns[c] < params.outChannels) {
        out[outAt[c] + row] = sums[r / 4][r % 4][c];
      }
    }
  }
}
