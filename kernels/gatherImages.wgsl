// gatherImages: gathers a batch of byte images with their labels, and normalises the images.
//
//   out[i, p] = (byte(images, rows[start + i], p) - center) · scale
//   batchLabels[i] = labels[rows[start + i]]
//
// Shapes     images [count, pixels], bytes packed four to a word, least significant first; rows: int32 row numbers;
//            labels [count] and batchLabels [batch], int32; out [batch, pixels], float32.
// Launch     a grid of any size in x: each invocation handles pixels one grid width apart.
// Numerics   one subtraction and one product, each rounded once, so every device gives the same bits.

struct Params {
  size: u32, // batch · pixels
  pixels: u32,
  start: i32,
  center: f32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> images: array<u32>;
@group(0) @binding(1) var<storage, read> rows: array<i32>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<storage, read_write> batchLabels: array<i32>;
@group(0) @binding(5) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var element = id.x; element < params.size; element += grid.x * WORKGROUP) {
    let image = element / params.pixels;
    let pixel = element % params.pixels;
    let row = u32(rows[params.start + i32(image)]);
    let position = row * params.pixels + pixel;
    let byte = (images[position / 4u] >> (8u * (position % 4u))) & 0xffu;
    out[element] = (f32(byte) - params.center) * params.scale;
    if (pixel == 0u) {
      batchLabels[image] = labels[row];
    }
  }
}
