// clip: scales gradients in place to a norm of at most maxNorm.
//
//   gradients[i] = gradients[i] · min(1, maxNorm / (norm + 1e-6))
//
// Shapes     norm [1], of all gradients together; gradients: `size` elements from `offset`.
// Launch     a grid of any size in x: each invocation handles elements one grid width apart.
// Numerics   a norm of NaN makes every gradient NaN. An infinite norm makes finite gradients 0 and infinite ones NaN.
// Source     PyTorch's torch.nn.utils.clip_grad_norm_.

struct Params {
  size: u32,
  offset: u32,
  maxNorm: f32,
}

@group(0) @binding(0) var<storage, read> norm: array<f32>;
@group(0) @binding(1) var<storage, read_write> gradients: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;

fn isNan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var element = id.x; element < params.size; element += grid.x * WORKGROUP) {
    let scale = params.maxNorm / (norm[0] + 1e-6);
    gradients[params.offset + element] *= select(1.0, scale, scale < 1.0 || isNan(scale));
  }
}
