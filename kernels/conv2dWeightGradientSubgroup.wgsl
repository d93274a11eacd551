// conv2dWeightGradientSubgroup: the gradient of conv2d in its weights, where the device has subgroups.
//
//   out[s, g·M + m, c, i, j] = Σ_{n, y, x} gradient[n, g·M + m, y, x]
//                                        · input[n, g·C + c, y·SY + i·DY - PY, x·SX + j·DX - PX]
//
// over the lines n·outHeight + y in [s·chunk, (s + 1)·chunk).

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
  chunk: i32,
  gradientOffset: i32,
  inputOffset: i32,
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
  let taps = KERNEL_HEIGHT * KERNEL_WIDTH;
  let filterSize = params.channels * taps;
  let lines = params.batch * params.outHeight;
  let rowTiles = (filterSize + TILE_ROWS - 1) / TILE_ROWS;
  let columnTiles = (params.outChannels + 4 * lanes - 1) / (4 * lanes);
  let tile = i32(group.y * grid.x + group.x);
  let firstRow = tile % rowTiles * TILE_ROWS;
  let firstColumn = tile / rowTiles % columnTiles * 4 * lanes;
  let filterGroup = tile / rowTiles / columnTiles % params.groups;
  let split = tile / rowTiles / columnTiles / params.groups;
  let firstLine = split * params.chunk;
  if (firstLine >= lines) {
    return;
  }
  let lastLine = min(firstLine + params.chunk, lines);

  let columns = firstColumn + i32(invocation) + lanes * vec4i(0, 1, 2, 3);
  let filters = filterGroup * params.outChannels + min(columns, vec4i(params.outChannels - 1));
  let positions = params.outHeight * params.outWidth;
  let pixels = params.height * params.width;

  // Where each row, a channel and a position in the filter, finds its first pixel.
  var top: array<i32, LOADS>;
  var left: array<i32, LOADS>;
  var rowAt: array<i32, LOADS>;
  for (var load = 0; load < LOADS; load++) {
    let row = min(firstRow + load * TILE_LOAD + i32(lane) % TILE_LOAD, filterSize - 1);
    let channel = row / taps;
    let tap = row % taps;
    top[load] = tap / KERNEL_WIDTH * DILATION_Y - PADDING_Y;
    left[load] = tap % KERNEL_WIDTH * DILATION_X - PADDING_X;
    rowAt[load] = params.inputOffset + (filterGroup * params.channels + channel) * pixels + top[load] * params.width + left[load];
  }

  var sums: array<vec4f, TILE_ROWS>;
  for (var line = firstLine; line < lastLine; line++) {
    let image = line / params.outHeight;
    let y = line % params.outHeight;
    var gradientAt = params.gradientOffset + (image * params.groups * params.outChannels + filters) * positions + y * params.outWidth;
    let imageAt = image * params.groups * params.channels * pixels + y * STRIDE_Y * params.width;
    var inputAt: array<i32, LOADS>;
    var inLine: array<bool, LOADS>;
    for (var load = 0; load < LOADS; load++) {
      let inputY = top[load] + y * STRIDE_Y;
      inLine[load] = inputY >= 0 && inputY < params.height;
      inputAt[load] = imageAt + rowAt[load];
    }
    for (var x = 0; x < params.outWidth; x += TILE_STEPS) {
      var steps: array<vec4f, TILE_STEPS>;
      for (var s = 0; s < TILE_STEPS; s++) {
        let values = vec4f(gradient[gradientAt.x], gradient[gradientAt.y], gradient[gradientAt.z], gradient[gradientAt.w]);
        steps[s] = select(vec4f(0.0), values, x + s < params.outWidth);
        gradientAt += 1;
      }
      for (var load = 0; load < LOADS; load++) {
        var pixel: array<f32, TILE_STEPS>;
        for (var s = 0; s < TILE_STEPS; s++) {
          let inputX = left[load] + (x + s) * STRIDE_X;
          let inside = inLine[load] && inputX >= 0 && inputX < params.width && x + s < params.outWidth;
          pixel[s] = select(0.0, input[inputAt[load]], inside);
          inputAt[load] += STRIDE_X;
        }
        for (var r = 0; r < TILE_LOAD; r++) {
          var product = subgroupShuffle(pixel[0], u32(r)) * steps[0];
          for (var s = 1; s < TILE_STEPS; s++) {
            product += subgroupShuffle(pixel[s], u32(r)) * steps[s];
          }
          sums[load * TILE_LOAD + r] += product;
        }
      }
    }
  }

  // The bound varies on purpose: unrolled, these stores would take longer to compile than all the rest.
  let rows = min(TILE_ROWS, filterSize - firstRow);
  let outAt = (split * params.groups * params.outChannels + filters) * filterSize + firstRow;
  for (var r = 0; r < rows; r++) {
    for (var c = 0; c < 4; c++) {
      if (columns[c] < params.outChannels) {
        out[outAt[c] + r] = sums[r][c];
      }
    }
  }
}
