// conv2dInputGradientSubgroup: the gradient of conv2d in its input, where the device has subgroups.
//
//   out[n, g·C + c, y, x] = Σ_{i, j, m} gradient[n, g·M + m, (y + PY - i·DY) / SY, (x + PX - j·DX) / SX]
//                                     · weight[g·M + m, c, i, j]
//
// over those i and j for which both quotients are whole numbers inside the gradient's image. It is also the
// transposed convolution of `gradient`.
//
// Same contract as conv2dInputGradient.wgsl, for devices with subgroups: a load costs far more than arithmetic on
// software drivers, so each lane loads another row of weights and the subgroup hands the values round.

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
  gradientOffset: i32,
  weightOffset: i32,
}

@group(0) @binding(0) var<storage, read> gradient: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
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
  let positions = params.outHeight * params.outWidth;
  // Pixels that lie on the same place of the stride's grid meet the same filter positions: they are computed together.
  let gridHeight = (params.height + STRIDE_Y - 1) / STRIDE_Y;
  let gridWidth = (params.width + STRIDE_X - 1) / STRIDE_X;
  let columnCount = params.batch * gridHeight * gridWidth;
  let columnTiles = (columnCount + 4 * lanes - 1) / (4 * lanes);
  let rowTiles = (params.channels + TILE_ROWS - 1) / TILE_ROWS;
  let tile = i32(group.y * grid.x + group.x);
  let firstRow = tile % rowTiles * TILE_ROWS;
  let filterGroup = tile / rowTiles % params.groups;
  let columnTile = tile / rowTiles / params.groups;
  let phase = columnTile / columnTiles;
  if (phase >= STRIDE_Y * STRIDE_X) {
    return;
  }
  let phaseY = phase / STRIDE_X;
  let phaseX = phase % STRIDE_X;

  let columns = columnTile % columnTiles * 4 * lanes + i32(invocation) + lanes * vec4i(0, 1, 2, 3);
  let held = min(columns, vec4i(columnCount - 1));
  let image = held / (gridHeight * gridWidth);
  let place = held - image * (gridHeight * gridWidth);
  let gridY = place / gridWidth;
  let gridX = place - gridY * gridWidth;
  let imageAt = params.gradientOffset + (image * params.groups + filterGroup) * params.outChannels * positions;

  let taps = KERNEL_HEIGHT * KERNEL_WIDTH;
  let filterSize = params.channels * taps;
  let firstWeight = params.weightOffset + filterGroup * params.outChannels * filterSize;
  var rowAt: array<i32, LOADS>;
  for (var load = 0; load < LOADS; load++) {
    let row = min(firstRow + load * TILE_LOAD + i32(lane) % TILE_LOAD, params.channels - 1);
    rowAt[load] = firstWeight + row * taps;
  }

  var sums: array<vec4f, TILE_ROWS>;
  for (var i = 0; i < KERNEL_HEIGHT; i++) {
    let shiftY = phaseY + PADDING_Y - i * DILATION_Y;
    if (shiftY % STRIDE_Y != 0) {
      continue;
    }
    for (var j = 0; j < KERNEL_WIDTH; j++) {
      let shiftX = phaseX + PADDING_X - j * DILATION_X;
      if (shiftX % STRIDE_X != 0) {
        continue;
      }
      let fromY = gridY + shiftY / STRIDE_Y;
      let fromX = gridX + shiftX / STRIDE_X;
      let inside = (fromY >= vec4i(0)) & (fromY < vec4i(params.outHeight)) & (fromX >= vec4i(0)) & (fromX < vec4i(params.outWidth));
      var at = imageAt + fromY * params.outWidth + fromX;
      var weightAt: array<i32, LOADS>;
      for (var load = 0; load < LOADS; load++) {
        weightAt[load] = rowAt[load] + i * KERNEL_WIDTH + j;
      }
      for (var m = 0; m < params.outChannels; m += TILE_STEPS) {
        var steps: array<vec4f, TILE_STEPS>;
        for (var s = 0; s < TILE_STEPS; s++) {
          let counts = inside & vec4<bool>(m + s < params.outChannels);
          let values = vec4f(gradient[at.x], gradient[at.y], gradient[at.z], gradient[at.w]);
          steps[s] = select(vec4f(0.0), values, counts);
          at += positions;
        }
        for (var load = 0; load < LOADS; load++) {
          var weights: array<f32, TILE_STEPS>;
          for (var s = 0; s < TILE_STEPS; s++) {
            weights[s] = select(0.0, weight[weightAt[load]], m + s < params.outChannels);
            weightAt[load] += filterSize;
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
  let rows = min(TILE_ROWS, params.channels - firstRow);
  let y = gridY * STRIDE_Y + phaseY;
  let x = gridX * STRIDE_X + phaseX;
  let stored = (columns < vec4i(columnCount)) & (y < vec4i(params.height)) & (x < vec4i(params.width));
  let pixels = params.height * params.width;
  let outAt = (image * params.groups + filterGroup) * params.channels * pixels + y * params.width + x;
  for (var r = 0; r < rows; r++) {
    for (var c = 0; c < 4; c++) {
      if (stored[c]) {
        out[outAt[c] + (firstRow + r) * pixels] = sums[r][c];
      }
    }
  }
}
