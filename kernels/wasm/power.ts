// xʸ of four pairs of numbers, within 1 unit in the last place, with C's special cases:
//
//   |x|^y = 2^(y · log2 |x|) in float64,   x = ± 2^e · m,   log2 m = 2 / ln 2 · artanh((m - 1) / (m + 1)),   m from √½ to √2
//
// The sign is that of x where y is odd. A negative number to a power that is not whole is NaN.

import { constant64 } from './constants';
import { select } from './madd';

/** 2 / ln 2 / (2k + 1), and (ln 2)ᵏ / k!, from the greatest k. */
const LOGARITHM = memory.data<f64>([0.22195308321368667, 0.2623081892525388, 0.3205988979753252, 0.4121985831111324, 0.5770780163555854, 0.9617966939259756, 2.8853900817779268]);
const EXPONENTIAL = memory.data<f64>([1.321548679014431e-6, 1.525273380405984e-5, 1.540353039338161e-4, 1.333355814642844e-3, 9.618129107628477e-3, 5.550410866482158e-2, 2.402265069591007e-1, 6.931471805599453e-1, 1]);
const LIMITS = memory.data<f64>([-200, 200]);

/** x² is rounded once, as the function `square` does. */
export function power(x: v128, y: v128): v128 {
  const one = f32x4.splat(1);
  const size = f32x4.abs(x);
  const infinity = f32x4.splat(Infinity);
  // Subnormal numbers are scaled up first.
  const isSmall = f32x4.lt(size, f32x4.splat(1.17549435e-38));
  const scaled = select(f32x4.mul(size, f32x4.splat(8388608)), size, isSmall);
  const half = i32x4.splat(0x3f3504f3);
  const bits = i32x4.sub(scaled, half);
  const m = i32x4.add(v128.and(bits, i32x4.splat(0x7fffff)), half);
  const whole = i32x4.sub(i32x4.shr_s(bits, 23), v128.and(isSmall, i32x4.splat(23)));
  // 0 has the exponent -∞; infinity and NaN have themselves.
  let e = f32x4.convert_i32x4_s(whole);
  e = select(f32x4.neg(infinity), e, f32x4.eq(size, f32x4.splat(0)));
  e = select(e, size, f32x4.lt(size, infinity));
  const low = f32x4.demote_f64x2_zero(raised(m, e, y));
  const high = f32x4.demote_f64x2_zero(raised(upper(m), upper(e), upper(y)));
  let result = v128.shuffle<f32>(low, high, 0, 1, 4, 5);

  const isWhole = f32x4.eq(f32x4.floor(y), y);
  const halved = f32x4.mul(y, f32x4.splat(0.5));
  const isFinite = f32x4.lt(f32x4.abs(y), infinity);
  const isOdd = v128.and(v128.and(isWhole, isFinite), f32x4.ne(f32x4.floor(halved), halved));
  result = v128.xor(result, v128.and(v128.and(x, isOdd), i32x4.splat(i32.MIN_VALUE)));
  const isComplex = v128.andnot(
    v128.and(f32x4.lt(x, f32x4.splat(0)), f32x4.lt(size, infinity)),
    isWhole,
  );
  result = select(f32x4.splat(NaN), result, isComplex);
  const isOne = v128.or(
    v128.or(f32x4.eq(x, one), f32x4.eq(y, f32x4.splat(0))),
    v128.and(f32x4.eq(size, one), f32x4.eq(f32x4.abs(y), infinity)),
  );
  result = select(one, result, isOne);
  return select(f32x4.mul(x, x), result, f32x4.eq(y, f32x4.splat(2)));
}

@inline
function upper(x: v128): v128 {
  return v128.shuffle<f32>(x, x, 2, 3, 2, 3);
}

/** (2^e · m)^y for the lower two of four. */
function raised(m: v128, e: v128, y: v128): v128 {
  const one = f64x2.splat(1);
  const mantissa = f64x2.promote_low_f32x4(m);
  const s = f64x2.div(f64x2.sub(mantissa, one), f64x2.add(mantissa, one));
  const z = f64x2.mul(s, s);
  let p = constant64(LOGARITHM, 0);
  p = next(p, z, LOGARITHM, 1);
  p = next(p, z, LOGARITHM, 2);
  p = next(p, z, LOGARITHM, 3);
  p = next(p, z, LOGARITHM, 4);
  p = next(p, z, LOGARITHM, 5);
  p = next(p, z, LOGARITHM, 6);
  const logarithm = f64x2.add(f64x2.mul(p, s), f64x2.promote_low_f32x4(e));
  const exponent = f64x2.mul(f64x2.promote_low_f32x4(y), logarithm);
  // Of NaN, pmax and pmin return their first operand.
  const power = f64x2.pmin(f64x2.pmax(exponent, constant64(LIMITS, 0)), constant64(LIMITS, 1));
  const n = f64x2.nearest(power);
  const f = f64x2.sub(power, n);
  let q = constant64(EXPONENTIAL, 0);
  q = next(q, f, EXPONENTIAL, 1);
  q = next(q, f, EXPONENTIAL, 2);
  q = next(q, f, EXPONENTIAL, 3);
  q = next(q, f, EXPONENTIAL, 4);
  q = next(q, f, EXPONENTIAL, 5);
  q = next(q, f, EXPONENTIAL, 6);
  q = next(q, f, EXPONENTIAL, 7);
  q = next(q, f, EXPONENTIAL, 8);
  const whole = i64x2.extend_low_i32x4_s(i32x4.trunc_sat_f64x2_s_zero(n));
  return f64x2.mul(q, i64x2.shl(i64x2.add(whole, i64x2.splat(1023)), 52));
}

@inline
function next(p: v128, x: v128, table: usize, index: usize): v128 {
  return f64x2.add(f64x2.mul(p, x), constant64(table, index));
}
