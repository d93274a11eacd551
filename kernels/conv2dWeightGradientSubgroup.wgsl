// conv2dWeightGradientSubgroup: the gradient of conv2d in its weights, with subgroups.
//
//   out[s, g·M + m, c, i, j] = Σ_{n, y, x} gradient[n, g·M + m, y, x]
//                                          · input[n, g·C + c, y·SY + i·DY - PY, x·SX + j·DX - PX]
//
// over the lines n·outHeight + y in [s·chunk, (s + 1)·chunk), where the input is zero outside the image.
//
// The same contract as conv2dWeightGradient.wgsl, for devices with subgroups. On software drivers a load costs much
// more than arithmetic, so each lane loads a different row of pixels, and the subgroup shares the values.
//
// Shapes     gradient [batch, groups · M, outHeight, outWidth] and input [batch, groups · C, height, width], contiguous
//            from their offsets; out [splits, groups · M, C, KH, KW]. C is `channels`, M `outChannels`, both of one
//            group. `out` begins at `outOffset`.
// Splits     the long sum is cut into `splits` chunks of lines. A second pass (reduce) adds their partial sums in
//            order. With one split, out is the gradient itself.
// Requires   a subgroup of at least TILE_LOAD lanes (adapter.info.subgroupMinSize); TILE_ROWS a multiple of TILE_LOAD,
//            at most four times it; TILE_STEPS a divisor of outWidth. With four lanes WORKGROUP_SIZE is a multiple of
//            four, and TILE_STEPS is 1.
// Lanes      with eight lanes, sums are an array, which lavapipe unrolls. With four lanes, they are matrices of four
//            rows in named variables, because SwiftShader unrolls no loop and accesses arrays through memory.
// Launch     the product of pixels [C·KH·KW, lines·outWidth] and gradients [lines·outWidth, M], for each group and
//            split. Filters are the columns, because their number is a multiple of 32 more often than C·KH·KW is. A
//            workgroup computes TILE_ROWS rows and 4 · WORKGROUP_SIZE columns; invocation l computes columns l, l + W,
//            l + 2W, l + 3W (W = WORKGROUP_SIZE). Workgroups: ⌈C·KH·KW / TILE_ROWS⌉ · ⌈M / 4W⌉ · groups · splits; y
//            takes what does not fit into x.
// Edges      rows and columns past the end repeat the last one and are not stored.
// Factors    stored as Factor, converted to float32 when they are loaded.
// Numerics   float32 sums by fused multiply-add, lines in order, then positions x. The same bits every time.
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

const TILE_ROWS = 32;
const TILE_LOAD = 8;
const TILE_STEPS = 2;
const LOADS = TILE_ROWS / TILE_LOAD;
const WRITTEN_OUT = TILE_LOAD == 4;

// A pixel of this lane's row, zero outside the image.
fn pixel(at: i32, inside: bool) -> f32 {
  return select(0.0, f32(input[at]), inside);
}

// The gradients of four columns.
fn columnsAt(at: vec4i) -> vec4f {
  return vec4f(vec4<Factor>(gradient[at.x], gradient[at.y], gradient[at.z], gradient[at.w]));
}

// The outer product of four pixels, one from each lane, and four columns.
fn outer(value: f32, columns: vec4f) -> mat4x4f {
  return mat4x4f(
    subgroupBroadcast(value, 0u) * columns,
    subgroupBroadcast(value, 1u) * columns,
    subgroupBroadcast(value, 2u) * columns,
    subgroupBroadcast(value, 3u) * columns
  );
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
  let firstOfLoads = firstRow + TILE_LOAD * vec4i(0, 1, 2, 3);
  let rows = min(firstOfLoads + i32(lane) % TILE_LOAD, vec4i(filterSize - 1));
  let c = part * params.channels + rows / taps;
  let tap = rows % taps;
  let top = tap / KERNEL_WIDTH * DILATION_Y - PADDING_Y;
  let left = tap % KERNEL_WIDTH * DILATION_X - PADDING_X;
  let rowAt = params.inputOffset + c * pixels + top * params.width + left;
  // Read once, because SwiftShader loads a parameter at every use.
  let lastX = params.outWidth;
  let inputWidth = vec4i(params.width);

  var sums: array<vec4f, TILE_ROWS>;
  var written0 = mat4x4f();
  var written1 = mat4x4f();
  var written2 = mat4x4f();
  var written3 = mat4x4f();
  for (var line = firstLine; line < lastLine; line++) {
    let image = line / params.outHeight;
    let y = line - image * params.outHeight;
    let lineAt = image * params.groups * params.channels * pixels + y * STRIDE_Y * params.width;
    let inputY = top + y * STRIDE_Y;
    let inLine = (inputY >= vec4i(0)) & (inputY < vec4i(params.height));
    var at = params.gradientOffset
      + (image * params.groups * params.outChannels + filters) * positions + y * params.outWidth;
    for (var x = 0; x < lastX; x += TILE_STEPS) {
      if (WRITTEN_OUT) {
        let values = columnsAt(at);
        at += 1;
        let inputX = left + x * STRIDE_X;
        let inside = inLine & (inputX >= vec4i(0)) & (inputX < inputWidth);
        let pixelAt = lineAt + rowAt + x * STRIDE_X;
        written0 += outer(pixel(pixelAt.x, inside.x), values);
        if (LOADS > 1) {
          written1 += outer(pixel(pixelAt.y, inside.y), values);
        }
        if (LOADS > 2) {
          written2 += outer(pixel(pixelAt.z, inside.z), values);
          written3 += outer(pixel(pixelAt.w, inside.w), values);
        }
      } else {
        var steps: array<vec4f, TILE_STEPS>;
        for (var s = 0; s < TILE_STEPS; s++) {
          steps[s] = columnsAt(at);
          at += 1;
        }
        for (var load = 0; load < LOADS; load++) {
          var ahead: array<f32, TILE_STEPS>;
          for (var s = 0; s < TILE_STEPS; s++) {
            let shift = (x + s) * STRIDE_X;
            let inputX = left[load] + shift;
            let inside = inLine[load] && inputX >= 0 && inputX < params.width;
            ahead[s] = pixel(lineAt + rowAt[load] + shift, inside);
          }
          for (var r = 0; r < TILE_LOAD; r++) {
            for (var s = 0; s < TILE_STEPS; s++) {
              let value = vec4f(subgroupShuffle(ahead[s], u32(r)));
              sums[load * TILE_LOAD + r] = fma(value, steps[s], sums[load * TILE_LOAD + r]);
            }
          }
        }
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
