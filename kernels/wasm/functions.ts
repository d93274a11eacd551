// Functions of four numbers, in float32. Polynomials: Cephes' logf, tanhf, erff and erfcf (Stephen Moshier).
//
// Numerics   within 4 units in the last place. The error of gelu and softplus grows with the exponent of their tails; that of
//            gelu is relative to x where 1 + erf x is a difference. Below 2⁻¹²⁶ results may be 0.

import { constant } from './constants';
import { exponential } from './exponential';
import { madd, select } from './madd';

/** Coefficients of the polynomials, from the highest power. */
const LOG = memory.data<f32>([7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1]);
const TANH = memory.data<f32>([-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1]);
const ERF = memory.data<f32>([7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3, -2.685381193529856e-2, 1.128358514861418e-1, -3.7612625824233e-1, 1.12837916672671]);
const ERF_TAIL = memory.data<f32>([2.326819970068386e-2, -1.387039388740657e-1, 3.687424674597105e-1, -5.824733027278666e-1, 6.210004621745983e-1, -4.944515323274145e-1, 3.404879937665872e-1, -2.741127028184656e-1, 5.638259427386472e-1]);
const ERF_TAIL_FAR = memory.data<f32>([-1.047766399936249e1, 1.297719955372516e1, -7.495518717768503, 2.921019019210786, -1.0152652792027, 4.218463358204948e-1, -2.820767439740514e-1, 5.641895067754075e-1]);
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
  const isSmall = f32x4.lt(x, f32x4.splat(1.17549435e-38));
  const scaled = select(f32x4.mul(x, f32x4.splat(8388608)), x, isSmall);
  const half = i32x4.splat(0x3f3504f3);
  const bits = i32x4.sub(scaled, half);
  const e = i32x4.sub(i32x4.shr_s(bits, 23), v128.and(isSmall, i32x4.splat(23)));
  const exponent = f32x4.convert_i32x4_s(e);
  const m = f32x4.sub(
    i32x4.add(v128.and(bits, i32x4.splat(0x7fffff)), half),
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
  p = f32x4.add(p, f32x4.mul(exponent, f32x4.splat(-2.1219444e-4)));
  p = f32x4.sub(p, f32x4.mul(square, constant(NUMBERS, HALF)));
  const finite = f32x4.add(f32x4.add(m, p), f32x4.mul(exponent, f32x4.splat(0.693359375)));
  // Infinity and NaN stay.
  const above = select(finite, x, f32x4.lt(x, f32x4.splat(Infinity)));
  const positive = select(above, f32x4.splat(NaN), f32x4.ge(x, f32x4.splat(0)));
  return select(f32x4.splat(-Infinity), select(x, positive, f32x4.ne(x, x)), f32x4.eq(x, f32x4.splat(0)));
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
  const far = copySign(f32x4.sub(one, erfTail(size)), x);
  return select(far, erfNear(x), f32x4.gt(size, one));
}

/** x · ½ (1 + erf(x / √2)) */
@inline
export function gelu(x: v128): v128 {
  const one = constant(NUMBERS, ONE);
  const y = f32x4.mul(x, f32x4.splat(0.70710678118));
  const size = f32x4.abs(y);
  const tail = erfTail(size);
  // 1 + erf y, without the difference of two numbers that are almost equal.
  const far = select(tail, f32x4.sub(constant(NUMBERS, TWO), tail), f32x4.lt(y, f32x4.splat(0)));
  const both = select(far, f32x4.add(one, erfNear(y)), f32x4.gt(size, one));
  return f32x4.mul(f32x4.mul(x, constant(NUMBERS, HALF)), both);
}

/** x · ½ (1 + tanh u) = x · sigmoid(2u),   u = √(2/π) (x + 0.044715 x³) */
@inline
export function geluTanh(x: v128): v128 {
  const cube = f32x4.mul(f32x4.mul(x, x), x);
  const u = f32x4.mul(f32x4.add(x, f32x4.mul(cube, f32x4.splat(0.044715))), f32x4.splat(1.59576912161));
  return f32x4.mul(x, sigmoid(u));
}

/** log(1 + e^(beta·x)) / beta, and x where beta·x is above the threshold. */
@inline
export function softplus(x: v128, beta: v128, threshold: v128): v128 {
  const one = constant(NUMBERS, ONE);
  const scaled = f32x4.mul(x, beta);
  const power = exp(f32x4.neg(f32x4.abs(scaled)));
  // log(1 + power): what 1 + power is rounded by is made up for.
  const sum = f32x4.add(one, power);
  const rest = f32x4.sub(sum, one);
  const logarithm = select(
    power,
    f32x4.div(f32x4.mul(log(sum), power), rest),
    f32x4.eq(rest, f32x4.splat(0)),
  );
  const result = f32x4.div(f32x4.add(f32x4.max(scaled, f32x4.splat(0)), logarithm), beta);
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
  let r = constant(ERF_TAIL_FAR, 0);
  r = next(r, y, ERF_TAIL_FAR, 1);
  r = next(r, y, ERF_TAIL_FAR, 2);
  r = next(r, y, ERF_TAIL_FAR, 3);
  r = next(r, y, ERF_TAIL_FAR, 4);
  r = next(r, y, ERF_TAIL_FAR, 5);
  r = next(r, y, ERF_TAIL_FAR, 6);
  r = next(r, y, ERF_TAIL_FAR, 7);
  const poly = select(p, r, f32x4.lt(x, constant(NUMBERS, TWO)));
  return f32x4.mul(f32x4.mul(exp(f32x4.neg(f32x4.mul(x, x))), q), poly);
}

/** `size` with the sign of x; NaN stays. */
@inline
function copySign(size: v128, x: v128): v128 {
  return v128.or(v128.and(x, i32x4.splat(i32.MIN_VALUE)), size);
}
