// conv2dFewTerms: the convolution (cross-correlation) of images with a bank of small filters, with subgroups.
//
//   out[n, g·M + m, y, x] = bias[g·M + m] + Σ_{i, j, c} input[n, g·C + c, y·SY + i·DY - PY, x·SX + j·DX - PX]
//                                                       · weight[g·M + m, c, i, j]
//
// where the input is zero outside the image.
//
// The same contract as conv2d.wgsl, for short sums on devices with subgroups, such as images of one channel. The pixels
// of all terms stay in registers, so they are loaded once for all filters.
//
// Shapes     input [batch, groups · C, height, width], weight [groups · M, C, KH, KW] and bias [groups · M], contiguous
//            from their offsets; out [batch, groups · M, outHeight, outWidth]. C is `channels`, M `outChannels`, both
//            of one group. PY and PX are the padding above and on the left. outHeight and outWidth determine the
//            padding below and on the right.
// Epilogue   BIAS adds the bias (otherwise `bias` is bound, but not read); RELU then replaces negative values by 0.
// Requires   a subgroup of at least TILE_LOAD lanes (adapter.info.subgroupMinSize); TILE_TERMS = C·KH·KW.
// Launch     the product of weights [M, C·KH·KW] and pixels [C·KH·KW, batch·outHeight·outWidth], for each group. A
//            workgroup computes all rows of 4 · WORKGROUP_SIZE columns; invocation l computes columns l, l + W, l + 2W,
//            l + 3W (W = WORKGROUP_SIZE). Workgroups: ⌈columns / 4W⌉ · groups; y takes what does not fit into x.
// Weights    each lane loads the weight of another term, and the subgroup shares the values.
// Edges      columns past the end repeat the last one and are not stored.
// Factors    stored as Factor, converted to float32 when they are loaded.
// Numerics   float32 sums by fused multiply-add; channels in order, then filter positions (i, j). The same bits every
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

const TILE_TERMS = 9;
const TILE_LOAD = 8;
const LOADS = (TILE_TERMS + TILE_LOAD - 1) / TILE_LOAD;

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
  let tile = i32(group.y * grid.x + group.x);
  let part = tile % params.groups;
  let firstColumn = tile / params.groups * 4 * width;
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

  // Counts channels, so drivers do not unroll the loop. Unrolled, these loads would take longer to compile than all the
  // rest.
  var values = array<vec4f, TILE_TERMS>();
  for (var term = 0; term < params.channels * taps; term++) {
    let c = term / taps;
    let i = term % taps / KERNEL_WIDTH;
    let j = term % KERNEL_WIDTH;
    let y = top + i * DILATION_Y;
    let x = left + j * DILATION_X;
    let inside =
      (y >= vec4i(0)) & (y < vec4i(params.height)) & (x >= vec4i(0)) & (x < vec4i(params.width));
    let at = imageAt + c * pixels + y * params.width + x;
    let loaded = vec4f(vec4<Factor>(input[at.x], input[at.y], input[at.z], input[at.w]));
    values[term] = select(vec4f(0.0), loaded, inside);
  }

  let outAt = image * params.groups * params.outChannels * positions + position;
  let lastFilter = (part + 1) * params.outChannels;
  for (var m = part * params.outChannels; m < lastFilter; m++) {
    var sum = vec4f();
    for (var load = 0; load < LOADS; load++) {
      let own = min(load * TILE_LOAD + i32(lane) % TILE_LOAD, TILE_TERMS - 1);
      let weights = f32(weight[params.weightOffset + m * TILE_TERMS + own]);
      for (var l = 0; l < TILE_LOAD; l++) {
        let term = load * TILE_LOAD + l;
        if (term < TILE_TERMS) {
          sum = fma(vec4f(subgroupShuffle(weights, u32(l))), values[term], sum);
        }
      }
    }
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
