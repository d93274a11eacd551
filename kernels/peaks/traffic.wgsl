// traffic: reads and writes with little arithmetic, to measure the memory bandwidth of a device.
//
//   out[i] = x[i] · factor, for i < size
//
// Launch     one invocation per four elements of four numbers each; a grid wider than 65,535 workgroups folds into y.
// Source     "scale" of McCalpin's STREAM (1995).

struct Params {
  size: u32,
  factor: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> out: array<vec4f>;
@group(0) @binding(2) var<uniform> params: Params;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) invocation: u32,
) {
  let first = (group.y * grid.x + group.x) * 1024u + invocation;
  for (var k = 0u; k < 4u; k++) {
    let index = first + 256u * k;
    if (index < params.size) {
      out[index] = x[index] * params.factor;
    }
  }
}
