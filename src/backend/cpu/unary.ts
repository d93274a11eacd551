import type { TypedArray } from '../dtypes.ts';
import { codes } from '../signatures.ts';
import { erf } from './erf.ts';
import { eachRow, type Twin } from './twin.ts';

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** log(1 + e^(beta·x)) / beta, and x where beta·x exceeds the threshold. */
function softplus(x: number, beta: number, threshold: number): number {
  const scaled = x * beta;
  if (scaled > threshold) return x;
  return ((scaled < 0 ? 0 : scaled) + Math.log1p(Math.exp(-Math.abs(scaled)))) / beta;
}

function gelu(x: number): number {
  return 0.5 * x * (1 + erf(x * Math.SQRT1_2));
}

function geluTanh(x: number): number {
  return 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
}

function clamp(x: number, least: number, greatest: number): number {
  const raised = x < least ? least : x;
  return raised > greatest ? greatest : raised;
}

/** The nearest integer; halves, which Math.round rounds up, to the even one. */
function toEven(x: number): number {
  const rounded = Math.round(x);
  return rounded - x === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** Computes out[at … end) from elements of x from p in steps of s. Each function has a loop of its own: see PairLoop. */
type Loop = (
  x: TypedArray,
  p: number,
  s: number,
  out: TypedArray,
  at: number,
  end: number,
  alpha: number,
  beta: number,
) => void;

const c = codes.unary;
const loops: { readonly [code: number]: Loop } = {
  [c.NEG]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = -x[p]!;
  },
  [c.ABS]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = Math.abs(x[p]!);
  },
  [c.EXP]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = Math.exp(x[p]!);
  },
  [c.LOG]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = Math.log(x[p]!);
  },
  [c.SQRT]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = Math.sqrt(x[p]!);
  },
  [c.RSQRT]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = 1 / Math.sqrt(x[p]!);
  },
  [c.RECIPROCAL]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = 1 / x[p]!;
  },
  [c.SQUARE]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = x[p]! * x[p]!;
  },
  [c.SIN]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = Math.sin(x[p]!);
  },
  [c.COS]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = Math.cos(x[p]!);
  },
  [c.TANH]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = Math.tanh(x[p]!);
  },
  [c.SIGMOID]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = sigmoid(x[p]!);
  },
  [c.RELU]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = x[p]! < 0 ? 0 : x[p]!;
  },
  [c.LEAKY_RELU]: (x, p, s, out, at, end, alpha) => {
    for (; at < end; at++, p += s) out[at] = x[p]! < 0 ? alpha * x[p]! : x[p]!;
  },
  [c.GELU]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = gelu(x[p]!);
  },
  [c.GELU_TANH]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = geluTanh(x[p]!);
  },
  [c.SILU]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = x[p]! * sigmoid(x[p]!);
  },
  [c.SOFTPLUS]: (x, p, s, out, at, end, alpha, beta) => {
    for (; at < end; at++, p += s) out[at] = softplus(x[p]!, alpha, beta);
  },
  [c.CLAMP]: (x, p, s, out, at, end, alpha, beta) => {
    for (; at < end; at++, p += s) out[at] = clamp(x[p]!, alpha, beta);
  },
  [c.SIGN]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = Math.sign(x[p]!) || 0;
  },
  [c.FLOOR]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = Math.floor(x[p]!);
  },
  [c.ERF]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = erf(x[p]!);
  },
  [c.LOG1P]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = Math.log1p(x[p]!);
  },
  [c.EXPM1]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = Math.expm1(x[p]!);
  },
  [c.CEIL]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = Math.ceil(x[p]!);
  },
  [c.TRUNC]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = Math.trunc(x[p]!);
  },
  [c.ROUND]: (x, p, s, out, at, end) => {
    for (; at < end; at++, p += s) out[at] = toEven(x[p]!);
  },
};

export const unary: Twin<'unary'> = (
  { x, out },
  { offset, alpha, beta, shape, strides },
  { OPERATION = 0 },
) => {
  const loop = loops[OPERATION]!;
  const [, , , length] = shape;
  const [, , , step] = strides;
  eachRow(shape, strides, strides, (index, start) =>
    loop(x, offset + start, step, out, index, index + length, alpha, beta),
  );
};
