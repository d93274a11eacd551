// norm: the p-norm of a vector, in parts.
//
//   out[outOffset + s] = root(fold over i in [s·chunk, min((s+1)·chunk, size)) of term(x[offset + i]))
//
//   term(x) = |x|^p and root(t) = t^(1/p), with p chosen by FORM. The fold is a sum, or for p = ∞ a maximum.
//
// Shapes     x [size]; out: one part per chunk. Without ROOT, a part is three numbers (t, m, r), for t + m^p · r. A second
//            launch folds such parts with TERMS false. ROOT is true in the last launch.
// Launch     one workgroup of LANES invocations per part. x: parts; y folds grids that are too wide. Lane l folds
//            elements l, l + LANES, … of its chunk; then the lanes fold pairwise in workgroup memory.
// Numerics   the order depends only on size, chunk and LANES: the same bits every time. NaN propagates. Elements
//            outside `least` … `most`, whose powers could underflow or overflow, are summed as (|x| / m)^p with the
//            greatest of them as m.

struct Params {
  size: u32,
  chunk: u32,
  offset: u32,
  outOffset: u32,
  power: f32,
  least: f32,
  most: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

override LANES: u32 = 256u; // a power of two
override FORM: u32 = 0u;
override TERMS: bool = true;
override ROOT: bool = true;

const EUCLIDEAN = 0u; // p = 2
const ABSOLUTE = 1u; // p = 1
const GREATEST = 2u; // p = ∞
const POWER = 3u; // p = params.power

// (t, m, r) for t + m^p · r
var<workgroup> partials: array<vec3f, LANES>;

fn isNan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

fn isInfinite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) == 0x7f800000u;
}

// value^exponent for value ≥ 0. WGSL does not define pow for 0, NaN and infinities.
fn power(value: f32, exponent: f32) -> f32 {
  return select(pow(value, exponent), value, value == 0.0 || isNan(value) || isInfinite(value));
}

// value^p for value ≥ 0.
fn powerOf(value: f32) -> f32 {
  switch FORM {
    case EUCLIDEAN: { return value * value; }
    case POWER: { return power(value, params.power); }
    default: { return value; }
  }
}

// Positive floats are ordered like their bits. 0, NaN and infinities have powers of their own.
fn isExtreme(magnitude: f32) -> bool {
  let bits = bitcast<u32>(magnitude);
  let outside = bits < bitcast<u32>(params.least) || bits > bitcast<u32>(params.most);
  return (FORM == EUCLIDEAN || FORM == POWER) && outside && bits > 0u && bits < 0x7f800000u;
}

fn term(value: f32) -> vec3f {
  let magnitude = abs(value);
  if (isExtreme(magnitude)) {
    return vec3f(0.0, magnitude, 1.0);
  }
  return vec3f(powerOf(magnitude), 0.0, 0.0);
}

fn element(at: u32) -> vec3f {
  if (TERMS) {
    return term(x[params.offset + at]);
  }
  let part = params.offset + 3u * at;
  return vec3f(x[part], x[part + 1u], x[part + 2u]);
}

fn fold(left: vec3f, right: vec3f) -> vec3f {
  if (FORM == GREATEST) {
    return select(right, left, isNan(left.x) || (!isNan(right.x) && left.x > right.x));
  }
  let total = left.x + right.x;
  let greatest = max(left.y, right.y);
  if (greatest == 0.0) {
    return vec3f(total, 0.0, 0.0);
  }
  let ratios = left.z * powerOf(left.y / greatest) + right.z * powerOf(right.y / greatest);
  return vec3f(total, greatest, ratios);
}

fn rootOf(total: f32) -> f32 {
  switch FORM {
    case EUCLIDEAN: { return sqrt(total); }
    case POWER: { return power(total, 1.0 / params.power); }
    default: { return total; }
  }
}

fn root(total: vec3f) -> f32 {
  let regular = rootOf(total.x);
  if (total.y == 0.0 || isNan(regular) || isInfinite(regular)) {
    return regular;
  }
  let greatest = max(regular, total.y);
  return greatest * rootOf(powerOf(regular / greatest) + total.z * powerOf(total.y / greatest));
}

@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) grid: vec3<u32>,
  @builtin(local_invocation_id) local: vec3<u32>,
) {
  let part = group.y * grid.x + group.x;
  let first = part * params.chunk;
  let last = min(first + params.chunk, params.size);
  // Terms are not negative, so starting at 0 is correct for sums and maxima.
  var total = vec3f(0.0);
  for (var at = first + local.x; at < last; at += LANES) {
    total = fold(total, element(at));
  }
  partials[local.x] = total;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local.x < half) {
      partials[local.x] = fold(partials[local.x], partials[local.x + half]);
    }
  }
  if (local.x != 0u || first >= params.size) {
    return;
  }
  if (ROOT) {
    out[params.outOffset + part] = root(partials[0]);
  } else {
    let place = params.outOffset + 3u * part;
    out[place] = partials[0].x;
    out[place + 1u] = partials[0].y;
    out[place + 2u] = partials[0].z;
  }
}
