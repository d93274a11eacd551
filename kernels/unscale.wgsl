// unscale: divides gradients by the scale of the loss, in place, and records whether one of them is not finite.
//
//   gradients[i] = gradients[i] / scale[0];   counts[0] = 1 if one of them is infinite or NaN
//
// Shapes     scale [1]; counts [3], of which the first is written; gradients: `size` elements from `offset`.
// Launch     a grid of any size in x: each invocation handles elements one grid width apart.
// Numerics   multiplies by 1 / scale, which is exact within the range if the scale is a power of two. All writes to
//            counts write the same value, so their order does not matter.
// Source     PyTorch's torch.amp.GradScaler.

struct Params {
  size: u32,
  offset: u32,
}

@group(0) @binding(0) var<storage, read> scale: array<f32>;
@group(0) @binding(1) var<storage, read_write> gradients: array<f32>;
@group(0) @binding(2) var<storage, read_write> counts: array<atomic<i32>>;
@group(0) @binding(3) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;

fn isFinite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) < 0x7f800000u;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  let inverse = 1.0 / scale[0];
  for (var element = id.x; element < params.size; element += grid.x * WORKGROUP) {
    let gradient = gradients[params.offset + element];
    if (!isFinite(gradient)) {
      atomicStore(&counts[0], 1);
    }
    gradients[params.offset + element] = gradient * inverse;
  }
}
