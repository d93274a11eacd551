// sin and cos of four numbers, within 2 units in the last place, of any size.
//
//   |x| = n · π/2 + r,   r in [-π/4, π/4]
//
// The quadrant n decides which of sin r and cos r is the result, and its sign. Polynomials: Cephes' sinf and cosf (Stephen
// Moshier).

import { constant, constant64 } from './constants';
import { madd, select } from './madd';

/** Up to here float64 holds r exactly enough. */
const LARGE: f32 = 1e6;
/** Coefficients from the highest power. */
const SINE = memory.data<f32>([-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1]);
const COSINE = memory.data<f32>([2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2, 0.5, 1]);
/** 2 / π, and π / 2 in two parts. */
const QUARTERS = memory.data<f64>([0.6366197723675814, 1.57079632673412561417, 6.07710050650619224932e-11]);

export function sine(x: v128): v128 {
  return turned(x, i32x4.splat(0), v128.and(x, i32x4.splat(i32.MIN_VALUE)));
}

export function cosine(x: v128): v128 {
  return turned(x, i32x4.splat(1), i32x4.splat(0));
}

/** sin(|x| + quadrants · π/2), with the sign changed where `sign` has that bit. */
function turned(x: v128, quadrants: v128, sign: v128): v128 {
  const size = f32x4.abs(x);
  const x0 = f64x2.promote_low_f32x4(size);
  const x1 = f64x2.promote_low_f32x4(v128.shuffle<f32>(size, size, 2, 3, 2, 3));
  const scale = constant64(QUARTERS, 0);
  const n0 = f64x2.nearest(f64x2.mul(x0, scale));
  const n1 = f64x2.nearest(f64x2.mul(x1, scale));
  let r = v128.shuffle<f32>(f32x4.demote_f64x2_zero(rest(x0, n0)), f32x4.demote_f64x2_zero(rest(x1, n1)), 0, 1, 4, 5);
  let n = v128.shuffle<i32>(i32x4.trunc_sat_f64x2_s_zero(n0), i32x4.trunc_sat_f64x2_s_zero(n1), 0, 1, 4, 5);
  const isLarge = f32x4.gt(size, f32x4.splat(LARGE));
  if (v128.any_true(isLarge)) {
    let left = size;
    for (let lane = 0; lane < 4; lane++) {
      const each = f32x4.extract_lane(left, 0);
      if (each > LARGE && each < Infinity) {
        const turns = quarterTurns(each);
        const nearest = (turns + (<u64>1 << 61)) >> 62;
        const fraction = <i64>(turns - (nearest << 62));
        r = f32x4.replace_lane(r, 0, <f32>(<f64>fraction * 3.4061215800865545e-19));
        n = i32x4.replace_lane(n, 0, <i32>nearest);
      }
      left = v128.shuffle<f32>(left, left, 1, 2, 3, 0);
      r = v128.shuffle<f32>(r, r, 1, 2, 3, 0);
      n = v128.shuffle<i32>(n, n, 1, 2, 3, 0);
    }
  }
  n = i32x4.add(n, quadrants);
  const square = f32x4.mul(r, r);
  let s = madd(square, constant(SINE, 0), constant(SINE, 1));
  s = madd(s, square, constant(SINE, 2));
  s = madd(f32x4.mul(s, square), r, r);
  let c = madd(square, constant(COSINE, 0), constant(COSINE, 1));
  c = madd(c, square, constant(COSINE, 2));
  c = f32x4.mul(f32x4.mul(c, square), square);
  c = f32x4.add(f32x4.sub(c, f32x4.mul(square, constant(COSINE, 3))), constant(COSINE, 4));
  const isCosine = i32x4.shl(n, 31);
  const result = select(c, s, i32x4.shr_s(isCosine, 31));
  return v128.xor(v128.xor(result, sign), v128.and(i32x4.shl(n, 30), i32x4.splat(i32.MIN_VALUE)));
}

/** x - n · π/2. The first part of π/2 has 33 bits, so n times it is exact. */
@inline
function rest(x: v128, n: v128): v128 {
  const first = f64x2.sub(x, f64x2.mul(n, constant64(QUARTERS, 1)));
  return f64x2.sub(first, f64x2.mul(n, constant64(QUARTERS, 2)));
}

/**
 * x · 2/π modulo 4, in units of 2⁻⁶², for finite x of at least 2¹⁹: x is a whole number times a power of two, and of the
 * digits of 2/π only 96 count (Payne and Hanek).
 */
function quarterTurns(x: f32): u64 {
  const bits = reinterpret<u32>(x);
  const whole = <u64>((bits & 0x7fffff) | 0x800000);
  // The first digit that counts is that of weight 2^-(e - 1), where x = whole · 2^e. Word 0 ends before the first digit.
  const at = <i32>(bits >> 23) - 150 - 1 + 31;
  const word = at >> 5;
  const shift = <u64>(32 - (at & 31));
  const w0 = (((digits(word) << 32) | digits(word + 1)) >> shift) & 0xffffffff;
  const w1 = (((digits(word + 1) << 32) | digits(word + 2)) >> shift) & 0xffffffff;
  const w2 = (((digits(word + 2) << 32) | digits(word + 3)) >> shift) & 0xffffffff;
  return ((whole * w0) << 32) + whole * w1 + ((whole * w2) >> 32);
}

/** The binary digits of 2/π, 32 at a time, after a word of zeros. */
function digits(word: i32): u64 {
  if (word == 1) return 0xa2f9836e;
  if (word == 2) return 0x4e441529;
  if (word == 3) return 0xfc2757d1;
  if (word == 4) return 0xf534ddc0;
  if (word == 5) return 0xdb629599;
  if (word == 6) return 0x3c439041;
  if (word == 7) return 0xfe5163ab;
  return 0;
}
