// Functions of four numbers, in float32. Polynomials: Cephes' logf, tanhf, erff and erfcf (Stephen Moshier).
//
// Numerics   within 4 units in the last place. The error of gelu and softplus grows with the exponent of their tails; that of
//            gelu is relative to x where 1 + erf x is a difference. Below 2⁻¹²⁶ results may be 0.

import { constant } from './constants';
import { exponential, exponentialMinusOne } from './exponential';
import { madd, select } from './madd';

/** Coefficients of the polynomials, from the highest power. */
const LOG = memory.data<f32>([7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1]);
/** The least normal number, 2²³, ln 2 in two parts, and infinities; √½, 23 and the mantissa, as words. */
const LOG_NUMBERS = memory.data<f32>([1.17549435e-38, 8388608, 0.693359375, -2.1219444e-4, Infinity, -Infinity]);
const LEAST_NORMAL: usize = 0;
const SCALE: usize = 1;
const LN2: usize = 2;
const LN2_REST: usize = 3;
const INFINITE: usize = 4;
const BELOW_ALL: usize = 5;
const LOG_WORDS = memory.data<i32>([0x3f3504f3, 23, 0x7fffff]);
const HALF_ROOT: usize = 0;
const SCALE_EXPONENT: usize = 1;
const MANTISSA: usize = 2;
const TANH = memory.data<f32>([-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1]);
const ERF = memory.data<f32>([7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3, -2.685381193529856e-2, 1.128358514861418e-1, -3.7612625824233e-1, 1.12837916672671]);
const ERF_TAIL = memory.data<f32>([2.326819970068386e-2, -1.387039388740657e-1, 3.687424674597105e-1, -5.824733027278666e-1, 6.210004621745983e-1, -4.944515323274145e-1, 3.404879937665872e-1, -2.741127028184656e-1, 5.638259427386472e-1]);
const ERF_TAIL_FAR = memory.data<f32>([-1.047766399936249e1, 1.297719955372516e1, -7.495518717768503, 2.921019019210786, -1.0152652792027, 4.218463358204948e-1, -2.820767439740514e-1, 5.641895067754075e-1]);
/** tan π/8, π/4, π/2 and π follow. */
const ATAN = memory.data<f32>([8.05374449538e-2, -1.38776856032e-1, 1.99777106478e-1, -3.33329491539e-1, 0.4142135623730950, 0.78539816339744830962, 1.57079632679489661923, 3.14159265358979323846]);
/** Numbers that functions share: see `constant`. */
const NUMBERS = memory.data<f32>([1, 0.5, 2]);
const ONE: usize = 0;
const HALF: usize = 1;
const TWO: usize = 2;

/** A polynomial's next step, p · x + c, with a coefficient of a table. */
@inline
function next(p: v128, x: v128, table: usize, index: usize): v128 {
  return madd(p, x, constant(table, index));
}

@inline
export function exp(x: v128): v128 {
  return exponential(x);
}

/**
 * log x = e · ln 2 + log m,   x = 2^e · m,   m from √½ to √2.
 *
 * 0 gives -∞, and a negative number NaN.
 */
@inline
export function log(x: v128): v128 {
  // Subnormal numbers are scaled up first.
  const isSmall = f32x4.lt(x, constant(LOG_NUMBERS, LEAST_NORMAL));
  const scaled = select(f32x4.mul(x, constant(LOG_NUMBERS, SCALE)), x, isSmall);
  const half = constant(LOG_WORDS, HALF_ROOT);
  const bits = i32x4.sub(scaled, half);
  const e = i32x4.sub(i32x4.shr_s(bits, 23), v128.and(isSmall, constant(LOG_WORDS, SCALE_EXPONENT)));
  const exponent = f32x4.convert_i32x4_s(e);
  const m = f32x4.sub(
    i32x4.add(v128.and(bits, constant(LOG_WORDS, MANTISSA)), half),
    constant(NUMBERS, ONE),
  );
  const square = f32x4.mul(m, m);
  let p = constant(LOG, 0);
  p = next(p, m, LOG, 1);
  p = next(p, m, LOG, 2);
  p = next(p, m, LOG, 3);
  p = next(p, m, LOG, 4);
  p = next(p, m, LOG, 5);
  p = next(p, m, LOG, 6);
  p = next(p, m, LOG, 7);
  p = next(p, m, LOG, 8);
  p = f32x4.mul(f32x4.mul(p, m), square);
  p = f32x4.add(p, f32x4.mul(exponent, constant(LOG_NUMBERS, LN2_REST)));
  p = f32x4.sub(p, f32x4.mul(square, constant(NUMBERS, HALF)));
  const finite = f32x4.add(f32x4.add(m, p), f32x4.mul(exponent, constant(LOG_NUMBERS, LN2)));
  // Infinity and NaN stay.
  const above = select(finite, x, f32x4.lt(x, constant(LOG_NUMBERS, INFINITE)));
  // What is not positive is NaN, and 0 has -∞.
  const zero = i32x4.splat(0);
  const isZero = f32x4.eq(x, zero);
  const all = v128.or(above, f32x4.lt(x, zero));
  return select(constant(LOG_NUMBERS, BELOW_ALL), all, isZero);
}

@inline
export function expm1(x: v128): v128 {
  return exponentialMinusOne(x);
}

/** log(1 + x): what 1 + x is rounded by is made up for. */
@inline
export function log1p(x: v128): v128 {
  const one = constant(NUMBERS, ONE);
  const sum = f32x4.add(one, x);
  const rest = f32x4.sub(sum, one);
  const result = f32x4.mul(log(sum), f32x4.div(x, rest));
  return select(x, result, v128.or(f32x4.eq(rest, i32x4.splat(0)), f32x4.eq(x, constant(LOG_NUMBERS, INFINITE))));
}

/**
 * The angle of the point (x, y), from that of (|x|, |y|) in the lower half of the first quadrant, below π / 8 or around π / 4.
 * Polynomial: Cephes' atanf.
 */
@inline
export function atan2(y: v128, x: v128): v128 {
  const one = constant(NUMBERS, ONE);
  // A sum of two large numbers would overflow.
  const sizes = f32x4.pmax(f32x4.abs(x), f32x4.abs(y));
  const scale = select(f32x4.splat(0.25), one, f32x4.gt(sizes, f32x4.splat(1e38)));
  const width = f32x4.mul(f32x4.abs(x), scale);
  const height = f32x4.mul(f32x4.abs(y), scale);
  // NaN, for which pmin and pmax return their first operand, stays in one of them.
  const a = f32x4.pmin(width, height);
  const b = f32x4.pmax(height, width);
  const isWide = f32x4.gt(a, f32x4.pmin(f32x4.mul(b, constant(ATAN, 4)), f32x4.splat(3.4e38)));
  const quotient = f32x4.div(select(f32x4.sub(a, b), a, isWide), select(f32x4.add(a, b), b, isWide));
  // 0 / 0 and ∞ / ∞ are those of equal numbers.
  const isAlike = v128.and(f32x4.eq(a, b), f32x4.ne(quotient, quotient));
  const t = v128.andnot(quotient, isAlike);
  const square = f32x4.mul(t, t);
  let p = constant(ATAN, 0);
  p = next(p, square, ATAN, 1);
  p = next(p, square, ATAN, 2);
  p = next(p, square, ATAN, 3);
  const near = madd(f32x4.mul(p, square), t, t);
  let angle = f32x4.add(near, v128.and(isWide, constant(ATAN, 5)));
  angle = select(f32x4.sub(constant(ATAN, 6), angle), angle, f32x4.gt(height, width));
  angle = select(f32x4.sub(constant(ATAN, 7), angle), angle, i32x4.shr_s(x, 31));
  return copySign(angle, y);
}

/** 1 / (1 + e^-x), from e^-|x|, which does not overflow. */
@inline
export function sigmoid(x: v128): v128 {
  const one = constant(NUMBERS, ONE);
  const power = exp(f32x4.neg(f32x4.abs(x)));
  const numerator = select(power, one, f32x4.lt(x, f32x4.splat(0)));
  return f32x4.div(numerator, f32x4.add(one, power));
}

@inline
export function tanh(x: v128): v128 {
  const size = f32x4.abs(x);
  const square = f32x4.mul(x, x);
  let p = constant(TANH, 0);
  p = next(p, square, TANH, 1);
  p = next(p, square, TANH, 2);
  p = next(p, square, TANH, 3);
  p = next(p, square, TANH, 4);
  const near = f32x4.add(f32x4.mul(f32x4.mul(p, square), size), size);
  const one = constant(NUMBERS, ONE);
  const far = f32x4.sub(one, f32x4.div(constant(NUMBERS, TWO), f32x4.add(exp(f32x4.add(size, size)), one)));
  return copySign(select(far, near, f32x4.ge(size, f32x4.splat(0.625))), x);
}

@inline
export function erf(x: v128): v128 {
  const one = constant(NUMBERS, ONE);
  const size = f32x4.abs(x);
  const near = erfNear(x);
  const isFar = f32x4.gt(size, one);
  // Most numbers are small. The tail costs four times as much.
  if (!v128.any_true(isFar)) return near;
  return select(copySign(f32x4.sub(one, erfTail(size)), x), near, isFar);
}

/** x · ½ (1 + erf(x / √2)) */
@inline
export function gelu(x: v128): v128 {
  const one = constant(NUMBERS, ONE);
  const y = f32x4.mul(x, f32x4.splat(0.70710678118));
  const size = f32x4.abs(y);
  let both = f32x4.add(one, erfNear(y));
  const isFar = f32x4.gt(size, one);
  if (v128.any_true(isFar)) {
    const tail = erfTail(size);
    // 1 + erf y, without the difference of two numbers that are almost equal.
    const far = select(tail, f32x4.sub(constant(NUMBERS, TWO), tail), f32x4.lt(y, f32x4.splat(0)));
    both = select(far, both, isFar);
  }
  return f32x4.mul(f32x4.mul(x, constant(NUMBERS, HALF)), both);
}

/** g · (Φ(x) + x φ(x)), with the distribution function and the density of the normal distribution. */
@inline
export function geluGradient(g: v128, x: v128): v128 {
  const both = f32x4.add(erf(f32x4.mul(x, f32x4.splat(0.7071067811865476))), constant(NUMBERS, ONE));
  const power = exp(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5)));
  const density = f32x4.mul(power, f32x4.splat(0.3989422804014327));
  return f32x4.mul(g, f32x4.add(f32x4.mul(both, constant(NUMBERS, HALF)), f32x4.mul(x, density)));
}

/** x · ½ (1 + tanh u) = x · sigmoid(2u),   u = √(2/π) (x + 0.044715 x³) */
@inline
export function geluTanh(x: v128): v128 {
  const cube = f32x4.mul(f32x4.mul(x, x), x);
  const u = f32x4.mul(f32x4.add(x, f32x4.mul(cube, f32x4.splat(0.044715))), f32x4.splat(1.59576912161));
  return f32x4.mul(x, sigmoid(u));
}

/** g · (σ(v) + x σ(v) (1 - σ(v)) v'),   v = 2u,   v' = 2 √(2/π) (1 + 3 · 0.044715 x²) */
@inline
export function geluTanhGradient(g: v128, x: v128): v128 {
  const square = f32x4.mul(x, x);
  const scale = f32x4.splat(1.59576912161);
  const s = sigmoid(f32x4.mul(f32x4.add(x, f32x4.mul(f32x4.mul(square, x), f32x4.splat(0.044715))), scale));
  const slope = f32x4.mul(f32x4.add(f32x4.mul(square, f32x4.splat(0.134145)), constant(NUMBERS, ONE)), scale);
  return f32x4.mul(g, f32x4.add(s, f32x4.mul(f32x4.mul(x, f32x4.sub(s, f32x4.mul(s, s))), slope)));
}

/** g · (σ(x) + x σ(x) (1 - σ(x))) */
@inline
export function siluGradient(g: v128, x: v128): v128 {
  const s = sigmoid(x);
  return f32x4.mul(g, f32x4.add(s, f32x4.mul(x, f32x4.sub(s, f32x4.mul(s, s)))));
}

/** y · log(1 + e^-x) + (1 - y) · log(1 + e^x) */
@inline
export function crossEntropy(x: v128, y: v128): v128 {
  const zero = f32x4.splat(0);
  const tail = log1p(exp(f32x4.neg(f32x4.abs(x))));
  const others = f32x4.add(f32x4.neg(y), constant(NUMBERS, ONE));
  return f32x4.add(
    f32x4.mul(y, f32x4.add(f32x4.max(f32x4.neg(x), zero), tail)),
    f32x4.mul(others, f32x4.add(f32x4.max(x, zero), tail)),
  );
}

/** log(1 + e^(beta·x)) / beta, and x where beta·x is above the threshold. */
@inline
export function softplus(x: v128, beta: v128, threshold: v128): v128 {
  const scaled = f32x4.mul(x, beta);
  const power = exp(f32x4.neg(f32x4.abs(scaled)));
  const result = f32x4.div(f32x4.add(f32x4.max(scaled, f32x4.splat(0)), log1p(power)), beta);
  return select(x, result, f32x4.gt(scaled, threshold));
}

/**
 * x rounded to the nearest float16, ties to even: values from 65520 on become infinite.
 *
 * Beside 2^13 times the power of two below |x|, and from ½ on, a float32 has the last place of a float16.
 */
@inline
export function half(x: v128): v128 {
  const size = f32x4.abs(x);
  const power = i32x4.add(v128.and(size, f32x4.splat(Infinity)), i32x4.splat(13 << 23));
  const large = i32x4.max_s(power, constant(NUMBERS, HALF));
  const rounded = f32x4.sub(f32x4.add(size, large), large);
  return copySign(select(f32x4.splat(Infinity), rounded, f32x4.ge(size, f32x4.splat(65520))), x);
}

/** erf x for |x| at most 1. */
@inline
function erfNear(x: v128): v128 {
  const square = f32x4.mul(x, x);
  let p = constant(ERF, 0);
  p = next(p, square, ERF, 1);
  p = next(p, square, ERF, 2);
  p = next(p, square, ERF, 3);
  p = next(p, square, ERF, 4);
  p = next(p, square, ERF, 5);
  p = next(p, square, ERF, 6);
  return f32x4.mul(x, p);
}

/** 1 - erf x for x of at least 1: e^-x² / x times a polynomial of 1 / x². */
@inline
function erfTail(x: v128): v128 {
  const q = f32x4.div(constant(NUMBERS, ONE), x);
  const y = f32x4.mul(q, q);
  let p = constant(ERF_TAIL, 0);
  p = next(p, y, ERF_TAIL, 1);
  p = next(p, y, ERF_TAIL, 2);
  p = next(p, y, ERF_TAIL, 3);
  p = next(p, y, ERF_TAIL, 4);
  p = next(p, y, ERF_TAIL, 5);
  p = next(p, y, ERF_TAIL, 6);
  p = next(p, y, ERF_TAIL, 7);
  p = next(p, y, ERF_TAIL, 8);
  const isNear = f32x4.lt(x, constant(NUMBERS, TWO));
  const factor = f32x4.mul(exp(f32x4.neg(f32x4.mul(x, x))), q);
  // A polynomial of its own from 2 on.
  if (v128.any_true(v128.not(isNear))) p = select(p, erfTailFar(y), isNear);
  return f32x4.mul(factor, p);
}

@inline
function erfTailFar(y: v128): v128 {
  let r = constant(ERF_TAIL_FAR, 0);
  r = next(r, y, ERF_TAIL_FAR, 1);
  r = next(r, y, ERF_TAIL_FAR, 2);
  r = next(r, y, ERF_TAIL_FAR, 3);
  r = next(r, y, ERF_TAIL_FAR, 4);
  r = next(r, y, ERF_TAIL_FAR, 5);
  r = next(r, y, ERF_TAIL_FAR, 6);
  return next(r, y, ERF_TAIL_FAR, 7);
}

/** `size` with the sign of x; NaN stays. */
@inline
function copySign(size: v128, x: v128): v128 {
  return v128.or(v128.and(x, i32x4.splat(i32.MIN_VALUE)), size);
}
