// maxPoolGradient: the gradient of maxPool. Every place gathers from the windows whose maximum it is.
//
//   out[p, y, x] = Σ over the windows (i, j) that contain (y, x) of gradient[p, i, j] · [positions[p, i, j] = y · WIDTH
//   +
//   x]
//
// Shapes     gradient [planes, OUT_HEIGHT, OUT_WIDTH], contiguous from `offset`; positions the same, from maxPool; out
//            [planes, HEIGHT, WIDTH].
// Launch     a grid of any size in x: each invocation handles tiles of TILE_HEIGHT × TILE_WIDTH places, one grid width
//            apart. Tiles start at the corner of the padding. A tile is one place, or as large as the stride: the same
//            windows then cover all its places, and each window is read once.
// Numerics   windows are added in order, without atomics, so the same inputs give the same bits.

struct Params {
  tiles: u32, // planes · tiles per plane
  offset: i32,
}

@group(0) @binding(0) var<storage, read> gradient: array<f32>;
@group(0) @binding(1) var<storage, read> positions: array<i32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;
override HEIGHT: i32 = 1;
override WIDTH: i32 = 1;
override OUT_HEIGHT: i32 = 1;
override OUT_WIDTH: i32 = 1;
override STRIDE_Y: i32 = 1;
override STRIDE_X: i32 = 1;
override PADDING_Y: i32 = 0;
override PADDING_X: i32 = 0;
override REACH_Y: i32 = 1; // how many windows can cover one place: ⌈((window - 1) · dilation + 1) / stride⌉
override REACH_X: i32 = 1;

const TILE_HEIGHT = 1;
const TILE_WIDTH = 1;

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
    for (var r = 1 - REACH_Y; r <= 0; r++) {
      let i = top / STRIDE_Y + r;
      for (var c = 1 - REACH_X; c <= 0; c++) {
        let j = left / STRIDE_X + c;
        if (i < 0 || i >= OUT_HEIGHT || j < 0 || j >= OUT_WIDTH) {
          continue;
        }
        let window = (plane * OUT_HEIGHT + i) * OUT_WIDTH + j;
        let position = positions[window];
        let share = gradient[params.offset + window];
        for (var k = 0; k < TILE_HEIGHT * TILE_WIDTH; k++) {
          let place = (top - PADDING_Y + k / TILE_WIDTH) * WIDTH + left - PADDING_X + k % TILE_WIDTH;
          totals[k] += select(0.0, share, position == place);
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
