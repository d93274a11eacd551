// unary: one function of every element.
//
//   out[i] = f(x[i]),   f chosen by OPERATION
//
// Shapes     x of up to four axes (after merging) with any strides; out contiguous, row-major, `size` elements.
// Launch     a grid of any size in x: each invocation handles elements one grid width apart.
// Numerics   float32. NaN propagates, except that SIGN gives 0 for it, as PyTorch does. WGSL does not define functions
//            and comparisons of NaN, so `main` handles NaN separately. WGSL does not define log and tanh for infinities
//            and outside their domains either; branches handle these cases. WGSL's sin and cos may have an error of
//            2^-11. The ones here are within 1e-7 for every finite x (Cephes' sinf and cosf; Payne & Hanek: Radian
//            reduction for trigonometric functions, 1983). erf is within 1.5e-7 (Abramowitz & Stegun 7.1.26).

struct Params {
  size: u32,
  offset: i32,
  alpha: f32, // LEAKY_RELU: slope; CLAMP: minimum; SOFTPLUS: beta
  beta: f32, // CLAMP: maximum; SOFTPLUS: threshold
  shape: vec4<u32>,
  strides: vec4<i32>,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> params: Params;

override WORKGROUP: u32 = 256u;
override RANK: u32 = 4u;
override OPERATION: u32 = 0u;

const NEG = 0u;
const ABS = 1u;
const EXP = 2u;
const LOG = 3u;
const SQRT = 4u;
const RSQRT = 5u;
const RECIPROCAL = 6u;
const SQUARE = 7u;
const SIN = 8u;
const COS = 9u;
const TANH = 10u;
const SIGMOID = 11u;
const RELU = 12u;
const LEAKY_RELU = 13u;
const GELU = 14u;
const GELU_TANH = 15u;
const SILU = 16u;
const SOFTPLUS = 17u;
const CLAMP = 18u;
const SIGN = 19u;
const FLOOR = 20u;
const ERF = 21u;
const CEIL = 22u;
const TRUNC = 23u;
const ROUND = 24u; // to nearest, ties to even
const LOG1P = 25u;
const EXPM1 = 26u;

fn isNan(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

// Tests the bits, because a compiler may turn the comparison into a maximum, which loses NaN.
fn isNegative(value: f32) -> bool {
  return bitcast<u32>(value) - 0x80000001u < 0x7f800000u;
}

// NaN and -Inf from their bits. WGSL has no literals for them, and the variable keeps the expression from being
// constant.
fn nan() -> f32 {
  var bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}

fn minusInfinity() -> f32 {
  var bits = 0xff800000u;
  return bitcast<f32>(bits);
}

fn logarithm(value: f32) -> f32 {
  if (value < 0.0) {
    return nan();
  }
  return select(log(value), minusInfinity(), value == 0.0);
}

// On some drivers exp overflows inside tanh beyond 44. In float32 tanh is 1 from 9.02 on.
fn saturatingTanh(value: f32) -> f32 {
  return select(tanh(value), sign(value), abs(value) > 10.0);
}

fn sigmoid(value: f32) -> f32 {
  return 1.0 / (1.0 + exp(-value));
}

fn erf(value: f32) -> f32 {
  let t = 1.0 / (1.0 + 0.3275911 * abs(value));
  let series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  let magnitude = 1.0 - series * exp(-value * value);
  return select(magnitude, -magnitude, value < 0.0);
}

// x = k · π/2 + rest, |rest| ≤ π/4. Only k modulo 4 matters.
struct Angle {
  k: i32,
  rest: f32,
}

// For |x| < 8192. π/2 is split into three summands whose products with k are exact.
fn smallAngle(value: f32) -> Angle {
  let k = round(value * 0.6366197723675814);
  return Angle(i32(k), ((value - k * 1.5703125) - k * 4.837512969970703e-4) - k * 7.549789948768648e-8);
}

fn multiplyHigh(a: u32, b: u32) -> u32 {
  let aLow = a & 0xffffu;
  let aHigh = a >> 16u;
  let bLow = b & 0xffffu;
  let bHigh = b >> 16u;
  let middle = aHigh * bLow + ((aLow * bLow) >> 16u);
  let carry = aLow * bHigh + (middle & 0xffffu);
  return aHigh * bHigh + (middle >> 16u) + (carry >> 16u);
}

// 32 bits of 2/π from bit `first` on; 32 zeros precede the binary point.
fn twoOverPi(first: u32) -> u32 {
  var words = array<u32, 9>(
    0u, 0xA2F9836Eu, 0x4E441529u, 0xFC2757D1u, 0xF534DDC0u, 0xDB629599u, 0x3C439041u, 0xFE5163ABu, 0xDEBBC561u
  );
  let word = first >> 5u;
  let shift = first & 31u;
  return select((words[word] << shift) | (words[word + 1u] >> ((32u - shift) & 31u)), words[word], shift == 0u);
}

// For finite |x| ≥ 8192: x = m · 2^e with a whole number m of 24 bits. x · 2/π modulo 4 is m times 96 bits of 2/π, of
// which the bits that count multiples of 4 are left out. The product has two bits before the binary point.
fn largeAngle(value: f32) -> Angle {
  let bits = bitcast<u32>(value);
  let m = (bits & 0x7fffffu) | 0x800000u;
  let first = ((bits >> 23u) & 0xffu) - 120u; // e - 2 + 32, with e = exponent - 150
  let middle = twoOverPi(first + 32u);
  var low = m * middle;
  let tail = multiplyHigh(m, twoOverPi(first + 64u));
  low += tail;
  var high = m * twoOverPi(first) + multiplyHigh(m, middle) + u32(low < tail);
  // The nearest whole number of quarters, and the signed rest as magnitude and sign.
  let k = (high + 0x20000000u) >> 30u;
  high -= k << 30u;
  let isBelow = (high & 0x80000000u) != 0u;
  if (isBelow) {
    low = ~low + 1u;
    high = ~high + u32(low == 0u);
  }
  let rest = (f32(high) * 0x1p-30 + f32(low) * 0x1p-62) * 1.5707963267948966;
  let isMirrored = isBelow != (value < 0.0);
  return Angle(select(i32(k), -i32(k), value < 0.0), select(rest, -rest, isMirrored));
}

// sin(x + quarters · π/2): a polynomial in the rest of x gives sin or cos.
fn sine(value: f32, quarters: i32) -> f32 {
  let bits = bitcast<u32>(value) & 0x7fffffffu;
  if (bits >= 0x7f800000u) {
    return bitcast<f32>(bits | 0x400000u); // NaN for infinities
  }
  var angle: Angle;
  if (bits < 0x46000000u) { // 8192
    angle = smallAngle(value);
  } else {
    angle = largeAngle(value);
  }
  let r = angle.rest;
  let z = r * r;
  let odd = r + r * z * (-1.6666654611e-1 + z * (8.3321608736e-3 - z * 1.9515295891e-4));
  let even = 1.0 - 0.5 * z + z * z * (4.166664568298827e-2 + z * (-1.388731625493765e-3 + z * 2.443315711809948e-5));
  let quadrant = angle.k + quarters;
  let magnitude = select(odd, even, (quadrant & 1) == 1);
  return select(magnitude, -magnitude, (quadrant & 2) == 2);
}

// log(1 + e) for 0 ≤ e ≤ 1, accurate to rounding even if 1 + e loses e.
fn log1p(e: f32) -> f32 {
  return select(log(1.0 + e), e - 0.5 * e * e, e < 1e-3);
}

// Near 0, 1 + x would lose digits of x: log(1 + x) = 2 artanh(x / (2 + x)) there, and eˣ - 1 is its series.
fn logarithmOfOneMore(value: f32) -> f32 {
  let s = value / (2.0 + value);
  let z = s * s;
  let near = 2.0 * s + 2.0 * s * z * (0.33333333 + z * (0.2 + z * (0.14285714 + z * 0.11111111)));
  return select(logarithm(1.0 + value), near, abs(value) < 0.3);
}

fn exponentialLessOne(value: f32) -> f32 {
  var series = 1.0 + value / 8.0;
  for (var term = 7.0; term > 1.0; term -= 1.0) {
    series = 1.0 + value / term * series;
  }
  return select(exp(value) - 1.0, value * series, abs(value) < 0.5);
}

fn softplus(value: f32, beta: f32, threshold: f32) -> f32 {
  let scaled = value * beta;
  let curve = (select(scaled, 0.0, scaled < 0.0) + log1p(exp(-abs(scaled)))) / beta;
  return select(curve, value, scaled > threshold);
}

fn clampTo(value: f32, least: f32, greatest: f32) -> f32 {
  let raised = select(value, least, value < least);
  return select(raised, greatest, raised > greatest);
}

fn apply(value: f32) -> f32 {
  switch OPERATION {
    case NEG: { return -value; }
    case ABS: { return abs(value); }
    case EXP: { return exp(value); }
    case LOG: { return logarithm(value); }
    case SQRT: { return sqrt(value); }
    case RSQRT: { return inverseSqrt(value); }
    case RECIPROCAL: { return 1.0 / value; }
    case SQUARE: { return value * value; }
    case SIN: { return sine(value, 0); }
    case COS: { return sine(value, 1); }
    case TANH: { return saturatingTanh(value); }
    case SIGMOID: { return sigmoid(value); }
    case RELU: { return select(value, 0.0, isNegative(value)); }
    case LEAKY_RELU: { return select(value, params.alpha * value, value < 0.0); }
    case GELU: { return 0.5 * value * (1.0 + erf(value * 0.7071067811865476)); }
    case GELU_TANH: {
      return 0.5 * value * (1.0 + saturatingTanh(0.7978845608028654 * (value + 0.044715 * value * value * value)));
    }
    case SILU: { return value * sigmoid(value); }
    case SOFTPLUS: { return softplus(value, params.alpha, params.beta); }
    case CLAMP: { return clampTo(value, params.alpha, params.beta); }
    case SIGN: { return select(sign(value), 0.0, isNan(value)); }
    case FLOOR: { return floor(value); }
    case ERF: { return erf(value); }
    case CEIL: { return ceil(value); }
    case TRUNC: { return trunc(value); }
    case ROUND: { return round(value); }
    case LOG1P: { return logarithmOfOneMore(value); }
    case EXPM1: { return exponentialLessOne(value); }
    default: { return value; }
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
    let value = x[params.offset + dot(coordinates(index), params.strides)];
    out[index] = select(apply(value), value, isNan(value) && OPERATION != SIGN);
  }
}
