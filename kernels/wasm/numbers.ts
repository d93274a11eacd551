// The loops of elementwise.ts over functions of numbers, four at a time. They are inlined, so that each operation gets a loop of
// its own. An operand that does not move is there 64 bytes long. Reads up to 16 bytes past the end of an operand.

import * as op from './elementwiseJob';
import { ElementwiseJob } from './elementwiseJob';
import { divided } from './division';
import {
  atan2,
  crossEntropy,
  erf,
  exp,
  expm1,
  gelu,
  geluGradient,
  geluTanh,
  geluTanhGradient,
  half,
  log,
  log1p,
  sigmoid,
  siluGradient,
  softplus,
  tanh,
} from './functions';
import { select } from './madd';
import { power } from './power';
import { cosine, sine } from './trigonometry';

/** A function that takes less time than a turn of a loop: four vectors a turn. */
@inline
export function light(
  operation: i32,
  job: ElementwiseJob,
  a: usize,
  b: usize,
  aMoves: bool,
  bMoves: bool,
  out: usize,
  count: i32,
): void {
  const isUnary = operation >= op.NEG && operation < op.EQ;
  // Functions of one operand have a number in place of the second.
  const alpha = f32x4.splat(job.alpha);
  const beta = f32x4.splat(job.beta);
  const aStep: usize = aMoves ? 64 : 0;
  const bStep: usize = bMoves ? 64 : 0;
  const end = out + ((<usize>count) << 2);
  for (; out + 64 <= end; out += 64, a += aStep, b += bStep) {
    const y0 = isUnary ? alpha : v128.load(b);
    const y1 = isUnary ? alpha : v128.load(b, 16);
    const y2 = isUnary ? alpha : v128.load(b, 32);
    const y3 = isUnary ? alpha : v128.load(b, 48);
    const x1 = v128.load(a, 16);
    const x2 = v128.load(a, 32);
    const x3 = v128.load(a, 48);
    v128.store(out, applyLight(operation, v128.load(a), y0, beta));
    v128.store(out, applyLight(operation, x1, y1, beta), 16);
    v128.store(out, applyLight(operation, x2, y2, beta), 32);
    v128.store(out, applyLight(operation, x3, y3, beta), 48);
  }
  for (; out < end; out += 16, a += 16, b += 16) {
    const y = isUnary ? alpha : v128.load(b);
    storePart(out, applyLight(operation, v128.load(a), y, beta), <i32>((end - out) >> 2));
  }
}

/** Any other function. */
@inline
export function along(
  operation: i32,
  job: ElementwiseJob,
  a: usize,
  b: usize,
  aMoves: bool,
  bMoves: bool,
  out: usize,
  count: i32,
): void {
  const isUnary = operation >= op.NEG && operation < op.EQ;
  const alpha = f32x4.splat(job.alpha);
  const beta = f32x4.splat(job.beta);
  const end = out + ((<usize>count) << 2);
  const aStep: usize = aMoves ? 16 : 0;
  const bStep: usize = bMoves ? 16 : 0;
  for (; out < end; out += 16, a += aStep, b += bStep) {
    const y = isUnary ? alpha : v128.load(b);
    storePart(out, apply(operation, v128.load(a), y, beta), <i32>((end - out) >> 2));
  }
}

@inline
function apply(operation: i32, x: v128, y: v128, test: v128): v128 {
  if (operation == op.POW) return power(x, y);
  if (operation == op.ATAN2) return atan2(x, y);
  if (operation == op.GELU_GRADIENT) return geluGradient(x, y);
  if (operation == op.GELU_TANH_GRADIENT) return geluTanhGradient(x, y);
  if (operation == op.SILU_GRADIENT) return siluGradient(x, y);
  if (operation == op.CROSS_ENTROPY) return crossEntropy(x, y);
  if (operation == op.REMAINDER) return divided(false, x, y);
  if (operation == op.FLOOR_DIVIDE) return divided(true, x, y);
  if (operation == op.EXP) return exp(x);
  if (operation == op.LOG) return log(x);
  if (operation == op.SIN) return sine(x);
  if (operation == op.COS) return cosine(x);
  if (operation == op.TANH) return tanh(x);
  if (operation == op.SIGMOID) return sigmoid(x);
  if (operation == op.GELU) return gelu(x);
  if (operation == op.GELU_TANH) return geluTanh(x);
  if (operation == op.SILU) return f32x4.mul(x, sigmoid(x));
  if (operation == op.SOFTPLUS) return softplus(x, y, test);
  if (operation == op.ERF) return erf(x);
  if (operation == op.LOG1P) return log1p(x);
  return expm1(x);
}

@inline
function applyLight(operation: i32, x: v128, y: v128, test: v128): v128 {
  if (operation == op.ADD) return f32x4.add(x, y);
  if (operation == op.SUB) return f32x4.sub(x, y);
  if (operation == op.MUL) return f32x4.mul(x, y);
  if (operation == op.DIV) return f32x4.div(x, y);
  if (operation == op.MAXIMUM) return select(x, y, v128.or(f32x4.gt(x, y), f32x4.ne(x, x)));
  if (operation == op.MINIMUM) return select(x, y, v128.or(f32x4.lt(x, y), f32x4.ne(x, x)));
  if (operation == op.RELU_GRADIENT) return v128.andnot(x, f32x4.le(y, f32x4.splat(0)));
  if (operation == op.LEAKY_RELU_GRADIENT) return select(x, f32x4.mul(x, test), f32x4.gt(y, f32x4.splat(0)));
  if (operation == op.NEG) return f32x4.neg(x);
  if (operation == op.ABS) return f32x4.abs(x);
  if (operation == op.SQRT) return f32x4.sqrt(x);
  if (operation == op.RSQRT) return f32x4.div(f32x4.splat(1), f32x4.sqrt(x));
  if (operation == op.RECIPROCAL) return f32x4.div(f32x4.splat(1), x);
  if (operation == op.SQUARE) return f32x4.mul(x, x);
  if (operation == op.RELU) return v128.andnot(x, f32x4.lt(x, f32x4.splat(0)));
  if (operation == op.LEAKY_RELU) return select(f32x4.mul(x, y), x, f32x4.lt(x, f32x4.splat(0)));
  if (operation == op.CLAMP) {
    const raised = select(y, x, f32x4.lt(x, y));
    return select(test, raised, f32x4.gt(raised, test));
  }
  if (operation == op.SIGN) {
    const one = f32x4.splat(1);
    const positive = v128.and(f32x4.gt(x, f32x4.splat(0)), one);
    return f32x4.sub(positive, v128.and(f32x4.lt(x, f32x4.splat(0)), one));
  }
  if (operation == op.FLOOR) return f32x4.floor(x);
  if (operation == op.CEIL) return f32x4.ceil(x);
  if (operation == op.TRUNC) return f32x4.trunc(x);
  if (operation == op.ROUND) return f32x4.nearest(x);
  if (operation == op.FLOAT_TO_WHOLE) return i32x4.trunc_sat_f32x4_s(x);
  if (operation == op.WHOLE_TO_FLOAT) return f32x4.convert_i32x4_s(x);
  if (operation == op.FLOAT_TO_HALF) return half(x);
  if (operation == op.WHOLE_ADD) return i32x4.add(x, y);
  if (operation == op.WHOLE_SUB) return i32x4.sub(x, y);
  if (operation == op.WHOLE_MUL) return i32x4.mul(x, y);
  if (operation == op.WHOLE_MAXIMUM) return i32x4.max_s(x, y);
  return i32x4.min_s(x, y);
}

/** Stores at most `count` of four elements. */
@inline
function storePart(out: usize, value: v128, count: i32): void {
  if (count >= 4) {
    v128.store(out, value);
    return;
  }
  if ((count & 2) != 0) v128.store64_lane(out, value, 0);
  if (count == 1) v128.store32_lane(out, value, 0);
  if (count == 3) v128.store32_lane(out, value, 2, 8);
}
