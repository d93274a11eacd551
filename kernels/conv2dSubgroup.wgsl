// conv2dSubgroup: the convolution (cross-correlation) of images with a bank of filters, with subgroups.
//
//   out[n, g·M + m, y, x] = bias[g·M + m] + Σ_{i, j, c} input[n, g·C + c, y·SY + i·DY - PY, x·SX + j·DX - PX]
//                                                       · weight[g·M + m, c, i, j]
//
// where the input is zero outside the image.
//
// The same contract as conv2d.wgsl, for devices with subgroups. On software drivers a load costs much more than
// arithmetic, so each lane loads a different row of weights, and the subgroup shares the values.
//
// Shapes     input [batch, groups · C, height, width], weight [groups · M, C, KH, KW] and bias [groups · M], contiguous
//            from their offsets; out [batch, groups · M, outHeight, outWidth]. C is `channels`, M `outChannels`, both
//            of one group. PY and PX are the padding above and on the left. outHeight and outWidth determine the
//            padding below and on the right.
// Epilogue   BIAS adds the bias (otherwise `bias` is bound, but not read); RELU then replaces negative values by 0.
// Requires   a subgroup of at least TILE_LOAD lanes (adapter.info.subgroupMinSize); TILE_ROWS a multiple of TILE_LOAD,
//            at most four times it; TILE_STEPS a divisor of channels. With four lanes WORKGROUP_SIZE is a multiple of
//            four, and TILE_STEPS is 1.
// Lanes      with eight lanes, sums are an array, which lavapipe unrolls. With four lanes, they are matrices of four
//            rows in named variables, because SwiftShader unrolls no loop and accesses arrays through memory.
// Launch     the product of weights [M, KH·KW·C] and pixels [KH·KW·C, batch·outHeight·outWidth], for each group. A
//            workgroup computes TILE_ROWS rows and 4 · WORKGROUP_SIZE columns; invocation l computes columns l, l + W,
//            l + 2W, l + 3W (W = WORKGROUP_SIZE). Workgroups: ⌈M / TILE_ROWS⌉ · groups · ⌈columns / 4W⌉; y takes what
//            does not fit into x.
// Edges      rows and columns past the end repeat the last one and are not stored.
// Factors    stored as Factor, converted to float32 when they are loaded.
// Numerics   float32 sums by fused multiply-add; filter positions (i, j) in order, then channels. The same bits every
//            time.
// Source     implicit matrix products: Chetlur et al., "cuDNN: Efficient primitives for deep learning", 2014; tiles as
//            in matmulSubgroup.wgsl.

enable subgroups;

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

const TILE_ROWS = 32;
const TILE_LOAD = 8;
const TILE_STEPS = 2;
const LOADS = TILE_ROWS / TILE_LOAD;
const WRITTEN_OUT = TILE_LOAD == 4;

// The elements of four columns, zero outside the image.
fn columnsAt(at: vec4i, inside: vec4<bool>) -> vec4f {
  let values = vec4f(vec4<Factor>(input[at.x], input[at.y], input[at.z], input[at.w]));
  return select(vec4f(0.0), values, inside);
}

// The outer product of four filter elements, one from each lane, and four columns.
fn outer(value: f32, columns: vec4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(value, 0u) * columns,
    subgroupBroadcast(value, 1u) * columns,
    subgroupBroadcast(value, 2u) * columns,
    subgroupBroadcast(value, 3u) * columns
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
  @builtin(subgroup_invocation_id) lane: u32,
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

  let rows = firstRow + TILE_LOAD * vec4i(0, 1, 2, 3) + i32(lane) % TILE_LOAD;
  let filters = part * params.outChannels + min(rows, vec4i(params.outChannels - 1));
  let weightAt = params.weightOffset + filters * params.channels * taps;
  // Read once, because SwiftShader loads a parameter at every use.
  let count = params.channels;

  var sums: array<vec4f, TILE_ROWS>;
  var written0 = mat4x4f();
  var written1 = mat4x4f();
  var written2 = mat4x4f();
  var written3 = mat4x4f();
  for (var i = 0; i < KERNEL_HEIGHT; i++) {
    for (var j = 0; j < KERNEL_WIDTH; j++) {
      let y = top + i * DILATION_Y;
      let x = left + j * DILATION_X;
      let inside =
        (y >= vec4i(0)) & (y < vec4i(params.height)) & (x >= vec4i(0)) & (x < vec4i(params.width));
      var at = imageAt + y * params.width + x;
      var tap = i * KERNEL_WIDTH + j;
      for (var c = 0; c < count; c += TILE_STEPS) {
        if (WRITTEN_OUT) {
          let values = columnsAt(at, inside);
          at += pixels;
          written0 += outer(f32(weight[weightAt.x + tap]), values);
          if (LOADS > 1) {
            written1 += outer(f32(weight[weightAt.y + tap]), values);
          }
          if (LOADS > 2) {
            written2 += outer(f32(weight[weightAt.z + tap]), values);
            written3 += outer(f32(weight[weightAt.w + tap]), values);
          }
        } else {
          var steps: array<vec4f, TILE_STEPS>;
          for (var s = 0; s < TILE_STEPS; s++) {
            steps[s] = columnsAt(at, inside);
            at += pixels;
          }
          for (var load = 0; load < LOADS; load++) {
            var rows: array<f32, TILE_STEPS>;
            for (var s = 0; s < TILE_STEPS; s++) {
              rows[s] = f32(weight[weightAt[load] + tap + s * taps]);
            }
            for (var r = 0; r < TILE_LOAD; r++) {
              for (var s = 0; s < TILE_STEPS; s++) {
                let value = vec4f(subgroupShuffle(rows[s], u32(r)));
                sums[load * TILE_LOAD + r] = fma(value, steps[s], sums[load * TILE_LOAD + r]);
              }
            }
          }
        }
        tap += TILE_STEPS * taps;
      }
    }
  }
  if (WRITTEN_OUT) {
    let written = array<mat4x4f, 4>(written0, written1, written2, written3);
    for (var r = 0; r < TILE_ROWS; r++) {
      sums[r] = written[r / 4][r % 4];
    }
  }

  // Counts rows, so drivers do not unroll the loop. Unrolled, these stores would take longer to compile than all the
  // rest.
  let lastRow = min(firstRow + TILE_ROWS, params.outChannels);
  let outAt = image * params.groups * params.outChannels * positions + position;
  for (var row = firstRow; row < lastRow; row++) {
    let m = part * params.outChannels + row;
    var sum = sums[row - firstRow];
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
