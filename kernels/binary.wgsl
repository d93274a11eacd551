// binary: one function of two elements, with broadcasting.
//
//   out[i] = f(a[i], b[i]),   f chosen by OPERATION
//
// Shapes     a and b of up to four axes (after merging) with any strides, 0 for a broadcast axis; out contiguous,
//            row-major, `size` elements.
// Elements   float32 or int32 (FLOATING false).
// Launch     a grid of any size in x: each invocation handles elements one grid width apart.
// Numerics   MAXIMUM and MINIMUM give NaN if either operand is NaN. POW follows C's pow in its special cases; for
//            integers it multiplies modulo 2³². RELU_GRADIENT(g, x) is g if x > 0 or x is NaN, otherwise 0. WGSL's atan2
//            may have an error of 4096 units in the last place. ATAN2 is within 2e-7 (Cephes' atanf). GELU_GRADIENT(g, x) and
//            those after it are g · f'(x) for the functions in unary.wgsl; the slope of LEAKY_RELU is alpha.
//            CROSS_ENTROPY(x, y) is y · log(1 + e^-x) + (1 - y) · log(1 + e^x). REMAINDER is exact, and FLOOR_DIVIDE the
//            integer next to (x - rest) / y; both are of float32.

alias Element = f32;

struct Params {
  size: u32,
  aOffset: i32,
  bOffset: i32,
  alpha: f32,
  shape: vec4<u32>,
  aStrides: vec4<i32>,
  bStrides: vec4<i32>,
}

@group(0) @binding(0) var<storage, read> a: array<Element>;
@group(0) @binding(1) var<storage, read> b: array<Element>;
@group(0) @binding(2) var<storage, read_write> out: array<Element>;
@group(0) @binding(3) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;
override RANK: u32 = 4u;
override OPERATION: u32 = 0u;
override FLOATING: bool = true;

const ADD = 0u;
const SUB = 1u;
const MUL = 2u;
const DIV = 3u;
const POW = 4u;
const MAXIMUM = 5u;
const MINIMUM = 6u;
const RELU_GRADIENT = 7u;
const ATAN2 = 8u;
const GELU_GRADIENT = 9u;
const GELU_TANH_GRADIENT = 10u;
const SILU_GRADIENT = 11u;
const LEAKY_RELU_GRADIENT = 12u;
const CROSS_ENTROPY = 13u;
const REMAINDER = 14u;
const FLOOR_DIVIDE = 15u;

fn isNan(value: Element) -> bool {
  return FLOATING && (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

fn isInfinite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) == 0x7f800000u;
}

// Tests the bits, as isNan does: the result of comparing NaN is undefined in WGSL.
fn isPositive(value: f32) -> bool {
  return bitcast<u32>(value) - 1u < 0x7f800000u;
}

// NaN and Inf from their bits. WGSL has no literals for them, and the variable keeps the expression from being
// constant.
fn nan() -> f32 {
  var bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}

fn infinity() -> f32 {
  var bits = 0x7f800000u;
  return bitcast<f32>(bits);
}

// baseᵉ for base ≥ 0, by C's rules. WGSL's pow is exp2(e · log2 base), which is NaN in some of these cases.
fn powerOfMagnitude(base: f32, exponent: f32) -> f32 {
  if (base == 1.0) {
    return 1.0;
  }
  if (base == 0.0 || isInfinite(base)) {
    return select(infinity(), 0.0, (base == 0.0) == (exponent > 0.0));
  }
  if (isInfinite(exponent)) {
    return select(0.0, infinity(), (base > 1.0) == (exponent > 0.0));
  }
  return pow(base, exponent);
}

fn power(base: f32, exponent: f32) -> f32 {
  let unordered = isNan(Element(base)) || isNan(Element(exponent));
  // 1 even if the other operand is NaN. Tests the bits, because the result of comparing NaN is undefined in WGSL.
  if ((bitcast<u32>(exponent) & 0x7fffffffu) == 0u || bitcast<u32>(base) == 0x3f800000u) {
    return 1.0;
  }
  let whole = floor(exponent) == exponent;
  if (unordered || (base < 0.0 && !whole && !isInfinite(base))) {
    return nan();
  }
  let magnitude = powerOfMagnitude(abs(base), exponent);
  let odd = whole && floor(exponent * 0.5) != exponent * 0.5;
  return select(magnitude, -magnitude, base < 0.0 && odd);
}

// By repeated squaring. A negative exponent gives the reciprocal, truncated.
fn wholePower(base: Element, exponent: Element) -> Element {
  if (exponent < Element(0)) {
    let reciprocal = select(Element(0), base, base == Element(1) || base == -Element(1));
    return select(reciprocal, Element(1), i32(exponent) % 2 == 0 && reciprocal != Element(0));
  }
  var result = Element(1);
  var square = base;
  for (var left = u32(exponent); left > 0u; left >>= 1u) {
    if ((left & 1u) == 1u) {
      result *= square;
    }
    square *= square;
  }
  return result;
}

// The angle of the point (x, y), by the arc tangent of the lesser coordinate over the greater, within [0, 1].
fn angleOf(y: f32, x: f32) -> f32 {
  let isBelow = (bitcast<u32>(y) >> 31u) == 1u;
  let isLeft = (bitcast<u32>(x) >> 31u) == 1u;
  let greater = max(abs(x), abs(y));
  let lesser = min(abs(x), abs(y));
  var t = select(lesser / greater, 0.0, greater == 0.0);
  if (isInfinite(lesser)) {
    t = 1.0;
  }
  let isSteep = t > 0.4142135623730950;
  let u = select(t, (t - 1.0) / (t + 1.0), isSteep);
  let z = u * u;
  var angle = u + u * z * (-3.33329491539e-1 + z * (1.99777106478e-1 + z * (-1.38776856032e-1 + z * 8.05374449538e-2)));
  angle = select(angle, angle + 0.7853981633974483, isSteep);
  angle = select(angle, 1.5707963267948966 - angle, abs(y) > abs(x));
  angle = select(angle, 3.141592653589793 - angle, isLeft);
  return select(angle, -angle, isBelow);
}

fn sigmoid(value: f32) -> f32 {
  return 1.0 / (1.0 + exp(-value));
}

// As in unary.wgsl.
fn erf(value: f32) -> f32 {
  let t = 1.0 / (1.0 + 0.3275911 * abs(value));
  let series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  let magnitude = 1.0 - series * exp(-value * value);
  return select(magnitude, -magnitude, value < 0.0);
}

// Φ(x) + x φ(x)
fn geluSlope(x: f32) -> f32 {
  return 0.5 * (1.0 + erf(x * 0.7071067811865476)) + x * 0.3989422804014327 * exp(-0.5 * x * x);
}

// The derivative of x σ(v), given that of v.
fn gatedSlope(x: f32, v: f32, slope: f32) -> f32 {
  let s = sigmoid(v);
  return s + x * (s - s * s) * slope;
}

fn geluTanhSlope(x: f32) -> f32 {
  let scale = 1.5957691216057308;
  return gatedSlope(x, scale * (x + 0.044715 * x * x * x), scale * (1.0 + 0.134145 * x * x));
}

// log(1 + e^x), given log(1 + e^-|x|). NaN stays.
fn raised(x: f32, tail: f32) -> f32 {
  return select(x, 0.0, x < 0.0) + tail;
}

fn crossEntropy(x: f32, y: f32) -> f32 {
  let e = exp(-abs(x));
  let tail = select(log(1.0 + e), e - 0.5 * e * e, e < 1e-3);
  return y * raised(-x, tail) + (1.0 - y) * raised(x, tail);
}

// x - y · trunc(x / y), exactly, for finite x and finite y other than 0: long division in base 256 of the significands.
fn truncatedRest(x: f32, y: f32) -> f32 {
  let ofX = bitcast<u32>(x) & 0x7fffffffu;
  let ofY = bitcast<u32>(y) & 0x7fffffffu;
  if (ofX < ofY) {
    return x;
  }
  // |x| = significand · 2^(exponent - 150). Subnormal numbers have the exponent 1, and no leading bit.
  let exponent = max(ofY >> 23u, 1u);
  let divisor = (ofY & 0x7fffffu) | select(0u, 0x800000u, ofY >= 0x800000u);
  var rest = ((ofX & 0x7fffffu) | select(0u, 0x800000u, ofX >= 0x800000u)) % divisor;
  var digits = max(ofX >> 23u, 1u) - exponent;
  while (digits > 0u && rest > 0u) {
    let step = min(digits, 8u);
    rest = (rest << step) % divisor;
    digits -= step;
  }
  if (rest == 0u) {
    return 0.0;
  }
  let shift = min(countLeadingZeros(rest) - 8u, exponent - 1u);
  let aligned = rest << shift;
  let bits = select(aligned, (aligned & 0x7fffffu) | ((exponent - shift) << 23u), aligned >= 0x800000u);
  return bitcast<f32>(bits | (bitcast<u32>(x) & 0x80000000u));
}

// With the sign of y.
fn remainder(x: f32, y: f32) -> f32 {
  if (isNan(Element(x)) || isNan(Element(y)) || isInfinite(x) || y == 0.0) {
    return nan();
  }
  var rest = x;
  if (!isInfinite(y)) {
    rest = truncatedRest(x, y);
  }
  return select(rest, rest + y, rest != 0.0 && (rest < 0.0) != (y < 0.0));
}

fn floorDivide(x: f32, y: f32) -> f32 {
  if (y == 0.0) {
    return x / y;
  }
  if (isInfinite(y) && !isInfinite(x) && !isNan(Element(x))) {
    return select(0.0, -1.0, x != 0.0 && (x < 0.0) != (y < 0.0));
  }
  return round((x - remainder(x, y)) / y);
}

fn apply(left: Element, right: Element) -> Element {
  switch OPERATION {
    case ADD: { return left + right; }
    case SUB: { return left - right; }
    case MUL: { return left * right; }
    case DIV: { return left / right; }
    case POW: {
      if (FLOATING) {
        return Element(power(f32(left), f32(right)));
      }
      return wholePower(left, right);
    }
    case MAXIMUM: { return select(right, left, isNan(left) || (!isNan(right) && left > right)); }
    case MINIMUM: { return select(right, left, isNan(left) || (!isNan(right) && left < right)); }
    case RELU_GRADIENT: { return select(Element(0), left, isPositive(f32(right)) || isNan(right)); }
    case ATAN2: { return select(Element(angleOf(f32(left), f32(right))), Element(nan()), isNan(left) || isNan(right)); }
    case GELU_GRADIENT: { return left * Element(geluSlope(f32(right))); }
    case GELU_TANH_GRADIENT: { return left * Element(geluTanhSlope(f32(right))); }
    case SILU_GRADIENT: { return left * Element(gatedSlope(f32(right), f32(right), 1.0)); }
    case LEAKY_RELU_GRADIENT: { return select(left * Element(params.alpha), left, isPositive(f32(right))); }
    case CROSS_ENTROPY: { return Element(crossEntropy(f32(left), f32(right))); }
    case REMAINDER: { return Element(remainder(f32(left), f32(right))); }
    case FLOOR_DIVIDE: { return Element(floorDivide(f32(left), f32(right))); }
    default: { return left; }
  }
}

// Row-major coordinates of element `index`. Axes before the last RANK have size 1.
fn coordinates(index: u32) -> vec4<i32> {
  if (RANK <= 1u) {
    return vec4<i32>(0, 0, 0, i32(index));
  }
  let w = index % params.shape.w;
  let rows = index / params.shape.w;
  if (RANK == 2u) {
    return vec4<i32>(0, 0, i32(rows), i32(w));
  }
  let z = rows % params.shape.z;
  let planes = rows / params.shape.z;
  if (RANK == 3u) {
    return vec4<i32>(0, i32(planes), i32(z), i32(w));
  }
  return vec4<i32>(i32(planes / params.shape.y), i32(planes % params.shape.y), i32(z), i32(w));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
  for (var index = id.x; index < params.size; index += grid.x * WORKGROUP) {
    let at = coordinates(index);
    out[index] = apply(
      a[params.aOffset + dot(at, params.aStrides)],
      b[params.bOffset + dot(at, params.bStrides)]
    );
  }
}
