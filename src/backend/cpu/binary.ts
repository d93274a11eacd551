import { codes } from '../signatures.ts';
import { erf } from './erf.ts';
import { type PairLoop, pairRows, type Twin } from './twin.ts';

const c = codes.binary;
/** A loop for each function. */
const loops: { readonly [code: number]: PairLoop } = {
  [c.ADD]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = a[p]! + b[q]!;
  },
  [c.SUB]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = a[p]! - b[q]!;
  },
  [c.MUL]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = a[p]! * b[q]!;
  },
  [c.DIV]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = a[p]! / b[q]!;
  },
  [c.POW]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = power(a[p]!, b[q]!);
  },
  [c.MAXIMUM]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = maximum(a[p]!, b[q]!);
  },
  [c.MINIMUM]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = minimum(a[p]!, b[q]!);
  },
  [c.ATAN2]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = Math.atan2(a[p]!, b[q]!);
  },
  // The gradient of relu: a where b is greater than 0 or NaN.
  [c.RELU_GRADIENT]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = b[q]! <= 0 ? 0 : a[p]!;
  },
  // The gradients of other activations, a · f'(b).
  [c.GELU_GRADIENT]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = a[p]! * geluSlope(b[q]!);
  },
  [c.GELU_TANH_GRADIENT]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = a[p]! * geluTanhSlope(b[q]!);
  },
  [c.SILU_GRADIENT]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = a[p]! * gatedSlope(b[q]!, b[q]!, 1);
  },
  [c.LEAKY_RELU_GRADIENT]: (a, p, s, b, q, t, out, at, end, alpha) => {
    for (; at < end; at++, p += s, q += t) out[at] = b[q]! > 0 ? a[p]! : alpha * a[p]!;
  },
  [c.CROSS_ENTROPY]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) {
      out[at] = b[q]! * softplus(-a[p]!) + (1 - b[q]!) * softplus(a[p]!);
    }
  },
  [c.REMAINDER]: (a, p, s, b, q, t, out, at, end) => {
    const isShort = out instanceof Float32Array;
    for (; at < end; at++, p += s, q += t) out[at] = remainder(a[p]!, b[q]!, isShort);
  },
  [c.FLOOR_DIVIDE]: (a, p, s, b, q, t, out, at, end) => {
    const isShort = out instanceof Float32Array;
    for (; at < end; at++, p += s, q += t) out[at] = floorDivide(a[p]!, b[q]!, isShort);
  },
};

/** a - b ⌊a / b⌋, exactly; of float32 numbers if `isShort`. */
function remainder(a: number, b: number, isShort: boolean): number {
  const quotient = Math.trunc(a / b);
  // A product of 24 and 28 bits is exact, and so is the difference. JavaScript's % takes three times as long.
  const rest = isShort && Math.abs(quotient) < 2 ** 28 && Number.isFinite(b) ? a - quotient * b : a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

/** ⌊a / b⌋ */
function floorDivide(a: number, b: number, isShort: boolean): number {
  if (b === 0) return a / b;
  if (Math.abs(b) === Infinity && Number.isFinite(a)) return a !== 0 && a < 0 !== b < 0 ? -1 : 0;
  return Math.round((a - remainder(a, b, isShort)) / b);
}

/** Φ(x) + x φ(x) */
function geluSlope(x: number): number {
  return 0.5 * (1 + erf(x * Math.SQRT1_2)) + (x * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI);
}

/** The derivative of x σ(v), given that of v. */
function gatedSlope(x: number, v: number, slope: number): number {
  const s = 1 / (1 + Math.exp(-v));
  return s + x * (s - s * s) * slope;
}

function geluTanhSlope(x: number): number {
  const scale = 2 * Math.sqrt(2 / Math.PI);
  return gatedSlope(x, scale * (x + 0.044715 * x * x * x), scale * (1 + 0.134145 * x * x));
}

/** log(1 + e^x) */
function softplus(x: number): number {
  return (x < 0 ? 0 : x) + Math.log1p(Math.exp(-Math.abs(x)));
}

/** C's pow is 1 for a base of 1 and any exponent, and for a base of -1 with an infinite one. JavaScript's is NaN. */
function power(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
}

function maximum(a: number, b: number): number {
  return a > b || Number.isNaN(a) ? a : b;
}

function minimum(a: number, b: number): number {
  return a < b || Number.isNaN(a) ? a : b;
}

/** By repeated squaring, modulo 2³². A negative exponent gives the reciprocal, truncated. */
function wholePower(base: number, exponent: number): number {
  if (exponent < 0) return base === 1 || (base === -1 && exponent % 2 === 0) ? 1 : base === -1 ? -1 : 0;
  let result = 1;
  for (let left = exponent, square = base; left > 0; left >>>= 1, square = Math.imul(square, square)) {
    if (left % 2 === 1) result = Math.imul(result, square);
  }
  return result;
}

/** Functions that differ for integers, because a double would round the products. */
const wholeLoops: { readonly [code: number]: PairLoop } = {
  [c.MUL]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = Math.imul(a[p]!, b[q]!);
  },
  [c.POW]: (a, p, s, b, q, t, out, at, end) => {
    for (; at < end; at++, p += s, q += t) out[at] = wholePower(a[p]!, b[q]!);
  },
};

export const binary: Twin<'binary'> = (buffers, params, { OPERATION = 0, FLOATING = true }) => {
  pairRows((FLOATING ? undefined : wholeLoops[OPERATION]) ?? loops[OPERATION]!, buffers, params);
};
