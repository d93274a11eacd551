import { madd } from './madd';

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
  const x = f32x4.pmin(f32x4.pmax(power, f32x4.splat(-104)), f32x4.splat(89));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(1.44269504)));
  // ln 2 in two parts. The first has few digits, so n times it is exact.
  const r = f32x4.sub(
    f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375))),
    f32x4.mul(n, f32x4.splat(-2.12194440e-4)),
  );
  let p = madd(r, f32x4.splat(1.9875691500e-4), f32x4.splat(1.3981999507e-3));
  p = madd(p, r, f32x4.splat(8.3334519073e-3));
  p = madd(p, r, f32x4.splat(4.1665795894e-2));
  p = madd(p, r, f32x4.splat(1.6666665459e-1));
  p = madd(p, r, f32x4.splat(5.0000001201e-1));
  p = f32x4.add(madd(f32x4.mul(p, r), r, r), f32x4.splat(1));
  const whole = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(whole, 1);
  return f32x4.mul(f32x4.mul(p, powerOfTwo(half)), powerOfTwo(i32x4.sub(whole, half)));
}

/** 2^n from its bits, for n from -126 to 127. */
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}
