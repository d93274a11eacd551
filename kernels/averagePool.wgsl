// averagePool: the mean of each window.
//
//   out[p, i, j] = Σ over (y, x) in the window of x[p, y, x] / divisor
//
//   rows i · STRIDE_Y - PADDING_Y … + WINDOW_HEIGHT - 1, cut at HEIGHT + PADDING_Y; columns likewise
//   with ADAPTIVE, rows ⌊i · HEIGHT / OUT_HEIGHT⌋ … ⌈(i + 1) · HEIGHT / OUT_HEIGHT⌉ - 1
//
// The divisor is DIVISOR if that is not 0. Otherwise it is the number of places, including padding with COUNT_PADDING.
// Padding counts as 0.
//
// Shapes     x [planes, HEIGHT, WIDTH], contiguous from `offset`; out [planes, OUT_HEIGHT, OUT_WIDTH].
// Launch     a grid of any size in x: each invocation handles outputs one grid width apart. Sizes and window are
//            `override` constants, so the compiler unrolls the window and divides by constants.

struct Params {
  size: u32, // elements of out
  offset: i32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;
override HEIGHT: i32 = 1;
override WIDTH: i32 = 1;
override OUT_HEIGHT: i32 = 1;
override OUT_WIDTH: i32 = 1;
override WINDOW_HEIGHT: i32 = 1; // with ADAPTIVE: of the largest window
override WINDOW_WIDTH: i32 = 1;
override STRIDE_Y: i32 = 1;
override STRIDE_X: i32 = 1;
override PADDING_Y: i32 = 0;
override PADDING_X: i32 = 0;
override ADAPTIVE: bool = false;
override COUNT_PADDING: bool = true;
override DIVISOR: f32 = 0.0; // 0: the number of places

// The start of a window along an axis, and the place after its end.
fn spanOf(i: i32, length: i32, outputs: i32, window: i32, stride: i32, padding: i32) -> vec2<i32> {
  if (ADAPTIVE) {
    return vec2<i32>(i * length / outputs, ((i + 1) * length + outputs - 1) / outputs);
  }
  let start = i * stride - padding;
  return vec2<i32>(start, min(start + window, length + padding));
}

fn rowsOf(i: i32) -> vec2<i32> {
  return spanOf(i, HEIGHT, OUT_HEIGHT, WINDOW_HEIGHT, STRIDE_Y, PADDING_Y);
}

fn columnsOf(j: i32) -> vec2<i32> {
  return spanOf(j, WIDTH, OUT_WIDTH, WINDOW_WIDTH, STRIDE_X, PADDING_X);
}

fn divisorOf(rows: vec2<i32>, columns: vec2<i32>) -> f32 {
  if (DIVISOR != 0.0) {
    return DIVISOR;
  }
  if (COUNT_PADDING) {
    return f32((rows.y - rows.x) * (columns.y - columns.x));
  }
  return f32((min(rows.y, HEIGHT) - max(rows.x, 0)) * (min(columns.y, WIDTH) - max(columns.x, 0)));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var element = id.x; element < params.size; element += grid.x * WORKGROUP) {
    let above = element / u32(OUT_WIDTH);
    let rows = rowsOf(i32(above % u32(OUT_HEIGHT)));
    let columns = columnsOf(i32(element % u32(OUT_WIDTH)));
    let plane = params.offset + i32(above / u32(OUT_HEIGHT)) * (HEIGHT * WIDTH);
    var total = 0.0;
    for (var r = 0; r < WINDOW_HEIGHT; r++) {
      let y = rows.x + r;
      if (y < 0 || y >= min(rows.y, HEIGHT)) {
        continue;
      }
      for (var c = 0; c < WINDOW_WIDTH; c++) {
        let column = columns.x + c;
        if (column >= 0 && column < min(columns.y, WIDTH)) {
          total += x[plane + y * WIDTH + column];
        }
      }
    }
    out[element] = total / divisorOf(rows, columns);
  }
}
