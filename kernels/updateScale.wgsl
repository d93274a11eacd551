// updateScale: chooses the scale of the next loss.
//
//   a gradient was not finite:   scale = scale · backoff,   good = 0,   skipped = skipped + 1
//   else:                        good = good + 1;   at `interval` of them scale = scale · growth,   good = 0
//
// Shapes     scale [1]; counts [3]: whether a gradient was not finite (reset to 0 here); good steps since the last
//            change of the scale; skipped steps.
// Launch     one invocation.
// Numerics   a scale that would become infinite stays unchanged.
// Source     PyTorch's torch.amp.GradScaler.

struct Params {
  growth: f32,
  backoff: f32,
  interval: i32,
}

@group(0) @binding(0) var<storage, read_write> scale: array<f32>;
@group(0) @binding(1) var<storage, read_write> counts: array<i32>;
@group(0) @binding(2) var<uniform> params: Params;

const GREATEST_FLOAT = 3.4028234e38;

override WORKGROUP: u32 = 1u;

@compute @workgroup_size(WORKGROUP)
fn main() {
  if (counts[0] != 0) {
    scale[0] *= params.backoff;
    counts[0] = 0;
    counts[1] = 0;
    counts[2] += 1;
  } else if (counts[1] + 1 < params.interval) {
    counts[1] += 1;
  } else {
    counts[1] = 0;
    if (scale[0] <= GREATEST_FLOAT / params.growth) {
      scale[0] *= params.growth;
    }
  }
}
