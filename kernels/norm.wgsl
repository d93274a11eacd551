// norm: the p-norm of a vector, in parts.
//
//   out[outOffset + s] = root(fold over i in [s·chunk, min((s+1)·chunk, size)) of term(x[offset + i]))
//
//   term(x) = |x|^p and root(t) = t^(1/p), with p chosen by FORM. The fold is a sum, or for p = ∞ a maximum.
//
// Shapes     x [size]; out: one part per chunk. A second launch folds the parts with TERMS false, because they are
//            already terms. ROOT is true in the last launch.
// Launch     one workgroup of LANES invocations per part. x: parts; y folds grids that are too wide. Lane l folds
//            elements l, l + LANES, … of its chunk; then the lanes fold pairwise in workgroup memory.
// Numerics   the order depends only on size, chunk and LANES: the same bits every time. NaN propagates.

struct Params {
  size: u32,
  chunk: u32,
  offset: u32,
  outOffset: u32,
  power: f32,
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

var<workgroup> partials: array<f32, LANES>;

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

fn term(value: f32) -> f32 {
  if (!TERMS) {
    return value;
  }
  switch FORM {
    case EUCLIDEAN: { return value * value; }
    case POWER: { return power(abs(value), params.power); }
    default: { return abs(value); }
  }
}

fn fold(left: f32, right: f32) -> f32 {
  if (FORM == GREATEST) {
    return select(right, left, isNan(left) || (!isNan(right) && left > right));
  }
  return left + right;
}

fn root(total: f32) -> f32 {
  if (!ROOT) {
    return total;
  }
  switch FORM {
    case EUCLIDEAN: { return sqrt(total); }
    case POWER: { return power(total, 1.0 / params.power); }
    default: { return total; }
  }
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
  var total = 0.0;
  for (var at = first + local.x; at < last; at += LANES) {
    total = fold(total, term(x[params.offset + at]));
  }
  partials[local.x] = total;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (local.x < half) {
      partials[local.x] = fold(partials[local.x], partials[local.x + half]);
    }
  }
  if (local.x == 0u && first < params.size) {
    out[params.outOffset + part] = root(partials[0]);
  }
}
