// augmentImages: gathers a batch of byte images with their labels, augments each image, and normalises it.
//
//   source(y, x)  = byte(images, rows[start + i], y - dy, (flipped ? width - 1 - x : x) - dx),   0 outside the image
//   out[i, y, x]  = (erased(y, x) ? 0 : source(y, x) - center) · scale      (an erased pixel is a byte 0, too)
//   batchLabels[i] = labels[rows[start + i]]
//
//   flipped with probability flip / 2²⁴;  dx, dy uniform in -shift … shift
//   with probability erase / 2²⁴ a rectangle is erased: area uniform in eraseLeast … eraseMost pixels, rounded down to
//   whole rows; short side uniform from √(0.3 · area) to √area, horizontal or vertical; position uniform
//
// Random     words of philox(counter = (row, block, stream, DOMAIN), key = (seedLow, seedHigh)). `row` is the number of
//            the image in the data set, so the augmentation of an image depends on seed, stream and row, not on its
//            batch.
// Shapes     images [rows, height, width], bytes packed four to a word, least significant first; rows: int32 row
//            numbers; labels [rows] and batchLabels [count], int32; out [count, height, width], float32.
// Launch     one workgroup per image. Its first invocation draws the random numbers. A grid wider than 65,535 folds
//            into y.
// Numerics   integers, then one subtraction and one product, each rounded once, so every device gives the same bits.
//            With flip, shift and erase 0 the result equals that of gatherImages.
// Source     Zhong, Zheng, Kang, Li, Yang: Random Erasing Data Augmentation (AAAI 2020); Philox: see random.wgsl.

struct Params {
  count: u32,
  width: u32,
  height: u32,
  start: i32,
  seedLow: u32,
  seedHigh: u32,
  stream: u32,
  flip: u32,
  shift: u32,
  erase: u32,
  eraseLeast: u32, // 1 ≤ eraseLeast ≤ eraseMost ≤ width · height
  eraseMost: u32,
  center: f32,
  scale: f32,
}

struct Change {
  flipped: bool,
  shift: vec2<i32>,
  erasedFrom: vec2<i32>, // corners, (x, y); erasedTo is outside
  erasedTo: vec2<i32>,
}

@group(0) @binding(0) var<storage, read> images: array<u32>;
@group(0) @binding(1) var<storage, read> rows: array<i32>;
@group(0) @binding(2) var<storage, read> labels: array<i32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<storage, read_write> batchLabels: array<i32>;
@group(0) @binding(5) var<uniform> params: Params;

override WORKGROUP: u32 = 64u;

const DOMAIN = 1635084141u; // "augm" in ASCII: separates these random numbers from those of shuffling

var<workgroup> change: Change;

// The upper 32 bits of a 32 × 32 bit product, computed from 16-bit halves. For a random a this is a uniform number
// below b.
fn multiplyHigh(a: u32, b: u32) -> u32 {
  let aLow = a & 0xffffu;
  let aHigh = a >> 16u;
  let bLow = b & 0xffffu;
  let bHigh = b >> 16u;
  let middle = aHigh * bLow + ((aLow * bLow) >> 16u);
  let carry = aLow * bHigh + (middle & 0xffffu);
  return aHigh * bHigh + (middle >> 16u) + (carry >> 16u);
}

fn philox(row: u32, index: u32) -> vec4<u32> {
  var counter = vec4<u32>(row, index, params.stream, DOMAIN);
  var key = vec2<u32>(params.seedLow, params.seedHigh);
  for (var round = 0u; round < 10u; round++) {
    counter = vec4<u32>(
      multiplyHigh(0xCD9E8D57u, counter.z) ^ counter.y ^ key.x,
      0xCD9E8D57u * counter.z,
      multiplyHigh(0xD2511F53u, counter.x) ^ counter.w ^ key.y,
      0xD2511F53u * counter.x
    );
    key += vec2<u32>(0x9E3779B9u, 0xBB67AE85u);
  }
  return counter;
}

// ⌊√value⌋, independent of the last bits of the device's sqrt.
fn wholeRoot(value: u32) -> u32 {
  var root = u32(sqrt(f32(value)));
  while (root * root > value) {
    root--;
  }
  while ((root + 1u) * (root + 1u) <= value) {
    root++;
  }
  return root;
}

// A rectangle inside the image: left, top, width, height.
fn rectangle(words: vec4<u32>) -> vec4<u32> {
  let area = params.eraseLeast + multiplyHigh(words.x, params.eraseMost - params.eraseLeast + 1u);
  let longest = min(params.width, params.height);
  let shortMost = min(wholeRoot(area), longest);
  // ⌈√(0.3 · area)⌉, and long enough that the long side fits into the image.
  let slimmest = max(wholeRoot((area * 3u - 1u) / 10u) + 1u, (area + longest - 1u) / longest);
  let shortLeast = min(slimmest, shortMost);
  let shortSide = shortLeast + multiplyHigh(words.y, shortMost - shortLeast + 1u);
  let longSide = min(area / shortSide, longest);
  let lying = (words.y & 1u) == 1u;
  let size = select(vec2<u32>(shortSide, longSide), vec2<u32>(longSide, shortSide), lying);
  let left = multiplyHigh(words.z, params.width - size.x + 1u);
  let top = multiplyHigh(words.w, params.height - size.y + 1u);
  return vec4<u32>(left, top, size);
}

fn draw(row: u32) -> Change {
  var drawn: Change;
  let words = philox(row, 0u);
  let shifts = 2u * params.shift + 1u;
  drawn.flipped = (words.x >> 8u) < params.flip;
  drawn.shift = vec2<i32>(vec2<u32>(multiplyHigh(words.y, shifts), multiplyHigh(words.z, shifts)));
  drawn.shift -= vec2<i32>(i32(params.shift));
  if ((words.w >> 8u) < params.erase) {
    let erased = rectangle(philox(row, 1u));
    drawn.erasedFrom = vec2<i32>(erased.xy);
    drawn.erasedTo = vec2<i32>(erased.xy + erased.zw);
  }
  return drawn;
}

fn byteAt(position: u32) -> u32 {
  return (images[position / 4u] >> (8u * (position % 4u))) & 0xffu;
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_index) invocation: u32,
) {
  let image = group.y * grid.x + group.x;
  if (image >= params.count) {
    return;
  }
  let row = u32(rows[params.start + i32(image)]);
  if (invocation == 0u) {
    change = draw(row);
    batchLabels[image] = labels[row];
  }
  workgroupBarrier();

  let size = vec2<i32>(i32(params.width), i32(params.height));
  let pixels = params.width * params.height;
  for (var pixel = invocation; pixel < pixels; pixel += WORKGROUP) {
    let at = vec2<i32>(i32(pixel % params.width), i32(pixel / params.width));
    let erased = all(at >= change.erasedFrom) && all(at < change.erasedTo);
    let x = select(at.x, size.x - 1 - at.x, change.flipped);
    let source = vec2<i32>(x, at.y) - change.shift;
    var byte = 0u;
    if (!erased && all(source >= vec2<i32>(0)) && all(source < size)) {
      byte = byteAt(row * pixels + u32(source.y * size.x + source.x));
    }
    out[image * pixels + pixel] = (f32(byte) - params.center) * params.scale;
  }
}
