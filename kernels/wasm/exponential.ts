import { constant } from './constants';
import { madd } from './madd';

/** Of e^r, from the highest power. */
const POLYNOMIAL = memory.data<f32>([
  1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1, 1,
]);
/** The least and the greatest power, 1.5 · 2²³, 1 / ln 2, and ln 2 in two parts, of which the first has few digits. */
const REDUCTION = memory.data<f32>([-104, 89, 12582912, 1.44269504, 0.693359375, -2.1219444e-4, -30]);
const LEAST: usize = 0;
const GREATEST: usize = 1;
const SHIFTER: usize = 2;
const PER_LN2: usize = 3;
const LN2: usize = 4;
const LN2_REST: usize = 5;
/** Below, e^x - 1 is -1. */
const FAR_BELOW: usize = 6;
/** Of exponents, and the least of a normal number. */
const BIAS = memory.data<i32>([127, -126]);

/**
 * e to the power of four numbers, within 2 units in the last place.
 *
 *   e^x = 2^n · e^r,   n = round(x / ln 2),   r = x - n · ln 2 in [-ln 2 / 2, ln 2 / 2]
 *
 * 2^n is split into two factors, so that subnormal and overflowing results are correct. NaN stays NaN. Polynomial for
 * e^r: Cephes' expf (Stephen Moshier).
 */
@inline
export function exponential(power: v128): v128 {
  // Of NaN, pmax and pmin return their first operand.
  const x = f32x4.pmin(f32x4.pmax(power, constant(REDUCTION, LEAST)), constant(REDUCTION, GREATEST));
  const shifted = f32x4.add(f32x4.mul(x, constant(REDUCTION, PER_LN2)), constant(REDUCTION, SHIFTER));
  const p = f32x4.add(beyondOne(x, shifted), constant(POLYNOMIAL, 6));
  const whole = i32x4.sub(shifted, constant(REDUCTION, SHIFTER));
  const half = i32x4.shr_s(whole, 1);
  return f32x4.mul(f32x4.mul(p, powerOfTwo(half)), powerOfTwo(i32x4.sub(whole, half)));
}

/** e^x - 1 = 2^n · (e^r - 1 + 1 - 2^-n), which loses nothing where x is small. */
@inline
export function exponentialMinusOne(power: v128): v128 {
  const x = f32x4.pmin(f32x4.pmax(power, constant(REDUCTION, FAR_BELOW)), constant(REDUCTION, GREATEST));
  const shifted = f32x4.add(f32x4.mul(x, constant(REDUCTION, PER_LN2)), constant(REDUCTION, SHIFTER));
  const whole = i32x4.sub(shifted, constant(REDUCTION, SHIFTER));
  const inverse = powerOfTwo(i32x4.max_s(i32x4.neg(whole), constant(BIAS, 1)));
  const p = f32x4.add(beyondOne(x, shifted), f32x4.sub(constant(POLYNOMIAL, 6), inverse));
  const half = i32x4.shr_s(whole, 1);
  const result = f32x4.mul(f32x4.mul(p, powerOfTwo(half)), powerOfTwo(i32x4.sub(whole, half)));
  // -0 stays.
  return v128.or(result, v128.and(power, i32x4.splat(i32.MIN_VALUE)));
}

/** e^r - 1. Beside the shifter a float32 has no places after the point, and its last bits are n. */
@inline
function beyondOne(x: v128, shifted: v128): v128 {
  const n = f32x4.sub(shifted, constant(REDUCTION, SHIFTER));
  // The product with the first part is exact.
  const r = f32x4.sub(
    f32x4.sub(x, f32x4.mul(n, constant(REDUCTION, LN2))),
    f32x4.mul(n, constant(REDUCTION, LN2_REST)),
  );
  let p = madd(r, constant(POLYNOMIAL, 0), constant(POLYNOMIAL, 1));
  p = madd(p, r, constant(POLYNOMIAL, 2));
  p = madd(p, r, constant(POLYNOMIAL, 3));
  p = madd(p, r, constant(POLYNOMIAL, 4));
  p = madd(p, r, constant(POLYNOMIAL, 5));
  return madd(f32x4.mul(p, r), r, r);
}

/** 2^n from its bits, for n from -126 to 127. */
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, constant(BIAS, 0)), 23);
}
