// xʸ of four pairs of numbers, within 1 unit in the last place, with C's special cases:
//
//   |x|^y = 2^(y · log2 |x|) in float64,   x = ± 2^e · m,   log2 m = 2 / ln 2 · artanh((m - 1) / (m + 1)),   m from √½ to √2
//
// The sign is that of x where y is odd. A negative number to a power that is not whole is NaN.

/** x² is rounded once, as the function `square` does. */
export function power(x: v128, y: v128): v128 {
  const one = f32x4.splat(1);
  const size = f32x4.abs(x);
  const infinity = f32x4.splat(Infinity);
  // Subnormal numbers are scaled up first.
  const isSmall = f32x4.lt(size, f32x4.splat(1.17549435e-38));
  const scaled = v128.bitselect(f32x4.mul(size, f32x4.splat(8388608)), size, isSmall);
  const half = i32x4.splat(0x3f3504f3);
  const bits = i32x4.sub(scaled, half);
  const m = i32x4.add(v128.and(bits, i32x4.splat(0x7fffff)), half);
  const whole = i32x4.sub(i32x4.shr_s(bits, 23), v128.and(isSmall, i32x4.splat(23)));
  // 0 has the exponent -∞; infinity and NaN have themselves.
  let e = f32x4.convert_i32x4_s(whole);
  e = v128.bitselect(f32x4.neg(infinity), e, f32x4.eq(size, f32x4.splat(0)));
  e = v128.bitselect(e, size, f32x4.lt(size, infinity));
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
  result = v128.bitselect(f32x4.splat(NaN), result, isComplex);
  const isOne = v128.or(
    v128.or(f32x4.eq(x, one), f32x4.eq(y, f32x4.splat(0))),
    v128.and(f32x4.eq(size, one), f32x4.eq(f32x4.abs(y), infinity)),
  );
  result = v128.bitselect(one, result, isOne);
  return v128.bitselect(f32x4.mul(x, x), result, f32x4.eq(y, f32x4.splat(2)));
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
  // 2 / ln 2 / (2k + 1)
  let p = f64x2.splat(0.22195308321368667);
  p = next(p, z, 0.2623081892525388);
  p = next(p, z, 0.3205988979753252);
  p = next(p, z, 0.4121985831111324);
  p = next(p, z, 0.5770780163555854);
  p = next(p, z, 0.9617966939259756);
  p = next(p, z, 2.8853900817779268);
  const logarithm = f64x2.add(f64x2.mul(p, s), f64x2.promote_low_f32x4(e));
  const exponent = f64x2.mul(f64x2.promote_low_f32x4(y), logarithm);
  // Of NaN, pmax and pmin return their first operand.
  const power = f64x2.pmin(f64x2.pmax(exponent, f64x2.splat(-200)), f64x2.splat(200));
  const n = f64x2.nearest(power);
  const f = f64x2.sub(power, n);
  // (ln 2)ᵏ / k!
  let q = f64x2.splat(1.321548679014431e-6);
  q = next(q, f, 1.525273380405984e-5);
  q = next(q, f, 1.540353039338161e-4);
  q = next(q, f, 1.333355814642844e-3);
  q = next(q, f, 9.618129107628477e-3);
  q = next(q, f, 5.550410866482158e-2);
  q = next(q, f, 2.402265069591007e-1);
  q = next(q, f, 6.931471805599453e-1);
  q = next(q, f, 1);
  const whole = i64x2.extend_low_i32x4_s(i32x4.trunc_sat_f64x2_s_zero(n));
  return f64x2.mul(q, i64x2.shl(i64x2.add(whole, i64x2.splat(1023)), 52));
}

@inline
function next(p: v128, x: v128, c: f64): v128 {
  return f64x2.add(f64x2.mul(p, x), f64x2.splat(c));
}
