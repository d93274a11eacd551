// conv2dSubgroup: the convolution (cross-correlation) of images with a bank of filters, where the device has subgroups.
//
//   out[n, g·M + m, y, x] = bias[g·M + m] + Σ_{i, j, c} input[n, g·C + c, y·SY + i·DY - PY, x·SX + j·DX - PX]
//                                                      · weight[g·M + m, c, i, j]
//
// Same contract as conv2d.wgsl, for devices with subgroups: a load costs far more than arithmetic on software
// drivers, so each lane loads another row of weights and the subgroup hands the values round.
//
// Shapes     input [batch, groups·C, height, width] and weight [groups·M, C, KH, KW], contiguous from their offsets;
//            out [batch, groups·M, outHeight, outWidth]. C = `channels`, M = `outChannels`, both of one group.
//            Outside the image the input counts as zero.
// Requires   a subgroup of at least TILE_LOAD lanes (adapter.info.subgroupMinSize); WORKGROUP_SIZE a multiple
//            of TILE_LOAD; TILE_ROWS a multiple of TILE_LOAD. Nothing else depends on the subgroup's size.
// Launch     an implicit product of a matrix of weights [M, KH·KW·C] and one of inputs [KH·KW·C, batch·outHeight·outWidth],
//            for each group. A workgroup computes TILE_ROWS rows by 4 · WORKGROUP_SIZE columns; lane l has columns l,
//            l + W, l + 2W, l + 3W (W = WORKGROUP_SIZE). Workgroups: ⌈M / TILE_ROWS⌉ · groups · column tiles,
//            folding into y what x cannot hold.
// Edges      rows and columns past the last repeat it and are not stored.
// Numerics   float32 accumulators; filter positions in order, for each the channels, TILE_STEPS at a time. The same
//            bits every time.
// Source     implicit GEMM: Chetlur et al., "cuDNN: Efficient primitives for deep learning", 2014.

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

@group(0) @binding(0) var<storage, read> input: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
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
// What is done to a sum before it is stored.
override BIAS: bool = false;
override RELU: bool = false;
override WORKGROUP_SIZE: u32 = 8u;

const TILE_ROWS = 32;
const TILE_LOAD = 8;
const TILE_STEPS = 2;
const LOADS = TILE_ROWS / TILE_LOAD;

@compute @workgroup_size(WORKGROUP_SIZE)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) invocation: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let lanes = i32(WORKGROUP_SIZE);
  let pixels = params.height * params.width;
  let positions = params.outHeight * params.outWidth;
  let columnCount = params.batch * positions;
  let rowTiles = (params.outChannels + TILE_ROWS - 1) / TILE_ROWS;
  let tile = i32(group.y * grid.x + group.x);
  let filterGroup = tile / rowTiles % params.groups;
  let firstRow = tile % rowTiles * TILE_ROWS;
  let firstColumn = tile / rowTiles / params.groups * 4 * lanes;
  if (firstColumn >= columnCount) {
    return;
  }

  let columns = firstColumn + i32(invocation) + lanes * vec4i(0, 1, 2, 3);
  let held = min(columns, vec4i(columnCount - 1));
  let image = held / positions;
  let position = held - image * positions;
  let y = position / params.outWidth;
  let top = y * STRIDE_Y - PADDING_Y;
  let left = (position - y * params.outWidth) * STRIDE_X - PADDING_X;
  let imageAt = params.inputOffset + (image * params.groups + filterGroup) * params.channels * pixels;

  let taps = KERNEL_HEIGHT * KERNEL_WIDTH;
  let filterSize = params.channels * taps;
  let firstFilter = filterGroup * params.outChannels;
  var filterAt: array<i32, LOADS>;
  for (var load = 0; load < LOADS; load++) {
    let row = min(firstRow + load * TILE_LOAD + i32(lane) % TILE_LOAD, params.outChannels - 1);
    filterAt[load] = params.weightOffset + (firstFilter + row) * filterSize;
  }

  var sums: array<vec4f, TILE_ROWS>;
  for (var i = 0; i < KERNEL_HEIGHT; i++) {
    for (var j = 0; j < KERNEL_WIDTH; j++) {
      let inputY = top + i * DILATION_Y;
      let inputX = left + j * DILATION_X;
      let inside = (inputY >= vec4i(0)) & (inputY < vec4i(params.height)) & (inputX >= vec4i(0)) & (inputX < vec4i(params.width));
      var at = imageAt + inputY * params.width + inputX;
      var weightAt: array<i32, LOADS>;
      for (var load = 0; load < LOADS; load++) {
        weightAt[load] = filterAt[load] + i * KERNEL_WIDTH + j;
      }
      for (var c = 0; c < params.channels; c += TILE_STEPS) {
        var steps: array<vec4f, TILE_STEPS>;
        for (var s = 0; s < TILE_STEPS; s++) {
          let counts = inside & vec4<bool>(c + s < params.channels);
          let values = vec4f(input[at.x], input[at.y], input[at.z], input[at.w]);
          steps[s] = select(vec4f(0.0), values, counts);
          at += pixels;
        }
        for (var load = 0; load < LOADS; load++) {
          var weights: array<f32, TILE_STEPS>;
          for (var s = 0; s < TILE_STEPS; s++) {
            weights[s] = select(0.0, weight[weightAt[load]], c + s < params.channels);
            weightAt[load] += taps;
          }
          for (var r = 0; r < TILE_LOAD; r++) {
            var product = subgroupShuffle(weights[0], u32(r)) * steps[0];
            for (var s = 1; s < TILE_STEPS; s++) {
              product += subgroupShuffle(weights[s], u32(r)) * steps[s];
            }
            sums[load * TILE_LOAD + r] += product;
          }
        }
      }
    }
  }

  // The bound varies on purpose: unrolled, these stores would take longer to compile than all the rest.
  let rows = min(TILE_ROWS, params.outChannels - firstRow);
  let outAt = image * params.groups * params.outChannels * positions + position;
  for (var r = 0; r < rows; r++) {
    let channel = firstFilter + firstRow + r;
    var sum = sums[r];
    if (BIAS) {
      sum += bias[params.biasOffset + channel];
    }
    if (RELU) {
      sum = select(sum, vec4f(0.0), sum < vec4f(0.0));
    }
    for (var c = 0; c < 4; c++) {
      if (columns[c] < columnCount) {
        out[outAt[c] + channel * positions] = sum[c];
      }
    }
  }
}
