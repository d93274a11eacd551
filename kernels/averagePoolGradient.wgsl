// averagePoolGradient: the gradient of averagePool. Every place gathers from the windows that contain it.
//
//   out[p, y, x] = Σ over the windows (i, j) that contain (y, x) of gradient[p, i, j] / divisor
//
// Windows and divisors are those of averagePool.
//
// Shapes     gradient [planes, OUT_HEIGHT, OUT_WIDTH], contiguous from `offset`; out [planes, HEIGHT, WIDTH].
// Launch     a grid of any size in x: each invocation handles tiles of TILE_HEIGHT × TILE_WIDTH places, one grid width
//            apart. Tiles start at the corner of the padding. A tile is one place, or as large as the stride: the same
//            windows then cover all its places, and each window is read once.
// Numerics   windows are added in order, without atomics, so the same inputs give the same bits.

struct Params {
  tiles: u32, // planes · tiles per plane
  offset: i32,
}

@group(0) @binding(0) var<storage, read> gradient: array<f32>;
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
override REACH_Y: i32 = 1; // how many windows can cover one place
override REACH_X: i32 = 1;

const TILE_HEIGHT = 1;
const TILE_WIDTH = 1;

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

// The first window that may contain a place. `at` counts from the start of the padding.
fn firstWindow(at: i32, length: i32, outputs: i32, stride: i32, reach: i32) -> i32 {
  if (ADAPTIVE) {
    return at * outputs / length;
  }
  return at / stride - (reach - 1);
}

fn holds(span: vec2<i32>, at: i32) -> bool {
  return at >= span.x && at < span.y;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var index = id.x; index < params.tiles; index += grid.x * WORKGROUP) {
    let tilesDown = u32((HEIGHT + PADDING_Y + TILE_HEIGHT - 1) / TILE_HEIGHT);
    let tilesAcross = u32((WIDTH + PADDING_X + TILE_WIDTH - 1) / TILE_WIDTH);
    let top = i32(index / tilesAcross % tilesDown) * TILE_HEIGHT;
    let left = i32(index % tilesAcross) * TILE_WIDTH;
    let plane = i32(index / tilesAcross / tilesDown);
    // The initial value is explicit: drivers do not reset a variable inside a loop.
    var totals = array<f32, TILE_HEIGHT * TILE_WIDTH>();
    for (var r = 0; r < REACH_Y; r++) {
      let i = firstWindow(top, HEIGHT, OUT_HEIGHT, STRIDE_Y, REACH_Y) + r;
      for (var c = 0; c < REACH_X; c++) {
        let j = firstWindow(left, WIDTH, OUT_WIDTH, STRIDE_X, REACH_X) + c;
        if (i < 0 || i >= OUT_HEIGHT || j < 0 || j >= OUT_WIDTH) {
          continue;
        }
        let rows = rowsOf(i);
        let columns = columnsOf(j);
        let share = gradient[params.offset + (plane * OUT_HEIGHT + i) * OUT_WIDTH + j] / divisorOf(rows, columns);
        for (var k = 0; k < TILE_HEIGHT * TILE_WIDTH; k++) {
          let y = top - PADDING_Y + k / TILE_WIDTH;
          let x = left - PADDING_X + k % TILE_WIDTH;
          totals[k] += select(0.0, share, holds(rows, y) && holds(columns, x));
        }
      }
    }
    for (var k = 0; k < TILE_HEIGHT * TILE_WIDTH; k++) {
      let y = top - PADDING_Y + k / TILE_WIDTH;
      let x = left - PADDING_X + k % TILE_WIDTH;
      if (y >= 0 && y < HEIGHT && x >= 0 && x < WIDTH) {
        out[(plane * HEIGHT + y) * WIDTH + x] = totals[k];
      }
    }
  }
}
