import { codes } from '../signatures.ts';
import { erf } from './erf.ts';
import { eachRow, type Twin } from './twin.ts';

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** log(1 + e^(beta·x)) / beta, and x where beta·x exceeds the threshold. */
function softplus(x: number, beta: number, threshold: number): number {
  const scaled = x * beta;
  if (scaled > threshold) return x;
  return ((scaled < 0 ? 0 : scaled) + Math.log1p(Math.exp(-Math.abs(scaled)))) / beta;
}

type Apply = (x: number, alpha: number, beta: number) => number;

const c = codes.unary;
const functions: { readonly [code: number]: Apply } = {
  [c.NEG]: (x) => -x,
  [c.ABS]: Math.abs,
  [c.EXP]: Math.exp,
  [c.LOG]: Math.log,
  [c.SQRT]: Math.sqrt,
  [c.RSQRT]: (x) => 1 / Math.sqrt(x),
  [c.RECIPROCAL]: (x) => 1 / x,
  [c.SQUARE]: (x) => x * x,
  [c.SIN]: Math.sin,
  [c.COS]: Math.cos,
  [c.TANH]: Math.tanh,
  [c.SIGMOID]: sigmoid,
  [c.RELU]: (x) => (x < 0 ? 0 : x),
  [c.LEAKY_RELU]: (x, slope) => (x < 0 ? slope * x : x),
  [c.GELU]: (x) => 0.5 * x * (1 + erf(x * Math.SQRT1_2)),
  [c.GELU_TANH]: (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x))),
  [c.SILU]: (x) => x * sigmoid(x),
  [c.SOFTPLUS]: softplus,
  [c.CLAMP]: (x, least, greatest) => {
    const raised = x < least ? least : x;
    return raised > greatest ? greatest : raised;
  },
  [c.SIGN]: (x) => Math.sign(x) || 0,
  [c.FLOOR]: Math.floor,
  [c.ERF]: erf,
};

export const unary: Twin<'unary'> = (
  { x, out },
  { offset, alpha, beta, shape, strides },
  { OPERATION = 0 },
) => {
  const apply = functions[OPERATION]!;
  const [, , , length] = shape;
  const step = strides[3];
  eachRow(shape, strides, strides, (index, start) => {
    let at = offset + start;
    for (let i = index; i < index + length; i++, at += step) out[i] = apply(x[at]!, alpha, beta);
  });
};
