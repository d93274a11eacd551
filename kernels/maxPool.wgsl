// maxPool: the greatest element of each window, and its position.
//
//   out[p, i, j]       = max over (r, c) in the window of x[p, y, x]
//   positions[p, i, j] = y · WIDTH + x of that element
//   y = i · STRIDE_Y - PADDING_Y + r · DILATION_Y,   x = j · STRIDE_X - PADDING_X + c · DILATION_X
//
// Shapes     x [planes, HEIGHT, WIDTH], contiguous from `offset`; out and positions [planes, OUT_HEIGHT, OUT_WIDTH].
//            Places outside the image do not count. Every window contains a place inside.
// Launch     a grid of any size in x: each invocation handles outputs one grid width apart. Sizes and window are
//            `override` constants, so the compiler unrolls the window and divides by constants.
// Numerics   of equal elements the first in row-major order wins; of several NaN the last, as in PyTorch.

struct Params {
  size: u32, // elements of out
  offset: i32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<storage, read_write> positions: array<i32>;
@group(0) @binding(3) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;
override HEIGHT: i32 = 1;
override WIDTH: i32 = 1;
override OUT_HEIGHT: u32 = 1u;
override OUT_WIDTH: u32 = 1u;
override WINDOW_HEIGHT: i32 = 1;
override WINDOW_WIDTH: i32 = 1;
override STRIDE_Y: i32 = 1;
override STRIDE_X: i32 = 1;
override PADDING_Y: i32 = 0;
override PADDING_X: i32 = 0;
override DILATION_Y: i32 = 1;
override DILATION_X: i32 = 1;

fn isNan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var element = id.x; element < params.size; element += grid.x * WORKGROUP) {
    let rows = element / OUT_WIDTH;
    let top = i32(rows % OUT_HEIGHT) * STRIDE_Y - PADDING_Y;
    let left = i32(element % OUT_WIDTH) * STRIDE_X - PADDING_X;
    let plane = params.offset + i32(rows / OUT_HEIGHT) * (HEIGHT * WIDTH);
    var greatest = 0.0;
    var position = -1;
    for (var r = 0; r < WINDOW_HEIGHT; r++) {
      let y = top + r * DILATION_Y;
      if (y < 0 || y >= HEIGHT) {
        continue;
      }
      for (var c = 0; c < WINDOW_WIDTH; c++) {
        let column = left + c * DILATION_X;
        if (column < 0 || column >= WIDTH) {
          continue;
        }
        let at = y * WIDTH + column;
        let value = x[plane + at];
        if (position < 0 || isNan(value) || (!isNan(greatest) && value > greatest)) {
          greatest = value;
          position = at;
        }
      }
    }
    out[element] = greatest;
    positions[element] = position;
  }
}
