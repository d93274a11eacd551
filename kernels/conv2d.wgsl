// conv2d: the convolution (cross-correlation) of images with a bank of filters.
//
//   out[n, g·M + m, y, x] = bias[g·M + m] + Σ_{i, j, c} input[n, g·C + c, y·SY + i·DY - PY, x·SX + j·DX - PX]
//                                                       · weight[g·M + m, c, i, j]
//
// where the input is zero outside the image.
//
// Shapes     input [batch, groups · C, height, width], weight [groups · M, C, KH, KW] and bias [groups · M], contiguous
//            from their offsets; out [batch, groups · M, outHeight, outWidth]. C is `channels`, M `outChannels`, both
//            of one group. PY and PX are the padding above and on the left. outHeight and outWidth determine the
//            padding below and on the right.
// Epilogue   BIAS adds the bias (otherwise `bias` is bound, but not read); RELU then replaces negative values by 0.
// Launch     the product of weights [M, KH·KW·C] and pixels [KH·KW·C, batch·outHeight·outWidth], for each group. A
//            workgroup computes TILE_ROWS rows and 4 · WORKGROUP_SIZE columns; invocation l computes columns l, l + W,
//            l + 2W, l + 3W (W = WORKGROUP_SIZE). Workgroups: ⌈M / TILE_ROWS⌉ · groups · ⌈columns / 4W⌉; y takes what
//            does not fit into x.
// Tile       TILE_ROWS is at most 16. Sums are matrices of four rows in named variables, because SwiftShader unrolls no
//            loop and accesses arrays through memory.
// Edges      rows and columns past the end repeat the last one and are not stored.
// Factors    stored as Factor, converted to float32 when they are loaded.
// Numerics   float32 sums; filter positions (i, j) in order, then channels. The same bits every time.
// Source     implicit matrix products: Chetlur et al., "cuDNN: Efficient primitives for deep learning", 2014; tiles as
//            in matmul.wgsl.
// See also   conv2dSubgroup.wgsl and conv2dFewTerms.wgsl, the same contract for devices with subgroups.

struct Params {
  batch: i32,
  groups: i32,
  channels: i32,
  outChannels: i32,
  height: i32,
  width: i32,
  outHeight: i32,
  outWidth: i32,
  inputOffset: i32,
  weightOffset: i32,
  biasOffset: i32,
}

// The type of the factors in memory: f32, or f16 on devices that support it.
alias Factor = f32;

@group(0) @binding(0) var<storage, read> input: array<Factor>;
@group(0) @binding(1) var<storage, read> weight: array<Factor>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> params: Params;

override KERNEL_HEIGHT: i32 = 3;
override KERNEL_WIDTH: i32 = 3;
override STRIDE_Y: i32 = 1;
override STRIDE_X: i32 = 1;
override PADDING_Y: i32 = 1;
override PADDING_X: i32 = 1;
override DILATION_Y: i32 = 1;
override DILATION_X: i32 = 1;
override BIAS: bool = false;
override RELU: bool = false;
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

// Tests the bits, because a compiler may turn the comparison into a maximum, which loses NaN.
fn isNegative(value: vec4f) -> vec4<bool> {
  return bitcast<vec4u>(value) - 0x80000001u < vec4u(0x7f800000u);
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
  let columnCount = params.batch * positions;
  let rowTiles = (params.outChannels + TILE_ROWS - 1) / TILE_ROWS;
  let tile = i32(group.y * grid.x + group.x);
  let firstRow = tile % rowTiles * TILE_ROWS;
  let part = tile / rowTiles % params.groups;
  let firstColumn = tile / rowTiles / params.groups * 4 * width;
  if (firstColumn >= columnCount) {
    return;
  }

  let columns = firstColumn + i32(invocation) + width * vec4i(0, 1, 2, 3);
  let held = min(columns, vec4i(columnCount - 1));
  let image = held / positions;
  let position = held - image * positions;
  let line = position / params.outWidth;
  let top = line * STRIDE_Y - PADDING_Y;
  let left = (position - line * params.outWidth) * STRIDE_X - PADDING_X;
  let imageAt = params.inputOffset + (image * params.groups + part) * params.channels * pixels;

  let firstFilter = params.weightOffset + part * params.outChannels * params.channels * taps;
  let filterSize = params.channels * taps;
  let lastFilter = vec4i(params.outChannels - 1);
  let rows = firstRow + vec4i(0, 1, 2, 3);
  let filters0 = firstFilter + min(rows, lastFilter) * filterSize;
  let filters1 = firstFilter + min(rows + 4, lastFilter) * filterSize;
  let filters2 = firstFilter + min(rows + 8, lastFilter) * filterSize;
  let filters3 = firstFilter + min(rows + 12, lastFilter) * filterSize;
  // Read once, because SwiftShader loads a parameter at every use.
  let count = params.channels;
  var sums0 = mat4x4f();
  var sums1 = mat4x4f();
  var sums2 = mat4x4f();
  var sums3 = mat4x4f();
  for (var i = 0; i < KERNEL_HEIGHT; i++) {
    for (var j = 0; j < KERNEL_WIDTH; j++) {
      let y = top + i * DILATION_Y;
      let x = left + j * DILATION_X;
      let inside =
        (y >= vec4i(0)) & (y < vec4i(params.height)) & (x >= vec4i(0)) & (x < vec4i(params.width));
      var at = imageAt + y * params.width + x;
      var tap = i * KERNEL_WIDTH + j;
      for (var c = 0; c < count; c++) {
        let loaded = vec4f(vec4<Factor>(input[at.x], input[at.y], input[at.z], input[at.w]));
        let values = select(vec4f(0.0), loaded, inside);
        at += pixels;
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
        tap += taps;
      }
    }
  }

  var sums = array<mat4x4f, 4>(sums0, sums1, sums2, sums3);
  // Counts rows, so drivers do not unroll the loop. Unrolled, these stores would take longer to compile than all the
  // rest.
  let lastRow = min(firstRow + TILE_ROWS, params.outChannels);
  let outAt = image * params.groups * params.outChannels * positions + position;
  for (var row = firstRow; row < lastRow; row++) {
    let m = part * params.outChannels + row;
    let r = row - firstRow;
    var sum = sums[r / 4][r % 4];
    if (BIAS) {
      sum += bias[params.biasOffset + m];
    }
    if (RELU) {
      sum = select(sum, vec4f(0.0), isNegative(sum));
    }
    for (var c = 0; c < 4; c++) {
      if (columns[c] < columnCount) {
        out[outAt[c] + m * positions] = sum[c];
      }
    }
  }
}
