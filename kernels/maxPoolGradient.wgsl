// maxPoolGradient: the gradient of maxPool; every place gathers from the windows whose maximum it is.
//
//   out[p, y, x] = Σ over the windows (i, j) that reach (y, x) of gradient[p, i, j] · [positions[p, i, j] = y · WIDTH + x]
//
// Shapes     gradient [planes, OUT_HEIGHT, OUT_WIDTH], contiguous from `offset`; positions the same, from maxPool;
//            out [planes, HEIGHT, WIDTH].
// Launch     a grid of any size in x: an invocation takes TILE_HEIGHT × TILE_WIDTH places, and then others a grid's width
//            apart; tiles start at the padding's corner. A tile is one place, or as large as the stride: then the same
//            windows reach all of it, and each is read once.
// Numerics   windows are added in their order, so the same inputs give the same bits: no atomics.

struct Params {
  tiles: u32, // planes times the tiles that cover one
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
override REACH_Y: i32 = 1; // how many windows can reach one place: ⌈((window - 1) · dilation + 1) / stride⌉
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
    // Drivers do not zero a variable of a loop again where no value is written.
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
