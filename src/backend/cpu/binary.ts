import { codes } from '../signatures.ts';
import { eachRow, type Twin } from './twin.ts';

type Apply = (a: number, b: number) => number;

const c = codes.binary;
const functions: { readonly [code: number]: Apply } = {
  [c.ADD]: (a, b) => a + b,
  [c.SUB]: (a, b) => a - b,
  [c.MUL]: (a, b) => a * b,
  [c.DIV]: (a, b) => a / b,
  // C's pow is 1 for a base of 1 and any exponent, and for a base of -1 with an infinite one. JavaScript's is NaN.
  [c.POW]: (a, b) => (a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b),
  [c.MAXIMUM]: (a, b) => (a > b || Number.isNaN(a) ? a : b),
  [c.MINIMUM]: (a, b) => (a < b || Number.isNaN(a) ? a : b),
  [c.RELU_GRADIENT]: (gradient, x) => (x <= 0 ? 0 : gradient),
};

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
const wholeFunctions: { readonly [code: number]: Apply } = { [c.MUL]: Math.imul, [c.POW]: wholePower };

export const binary: Twin<'binary'> = ({ a, b, out }, params, { OPERATION = 0, FLOATING = true }) => {
  const apply = (FLOATING ? undefined : wholeFunctions[OPERATION]) ?? functions[OPERATION]!;
  const { aOffset, bOffset, shape, aStrides, bStrides } = params;
  const length = shape[3];
  const [, , , aStep] = aStrides;
  const [, , , bStep] = bStrides;
  eachRow(shape, aStrides, bStrides, (index, aStart, bStart) => {
    let aAt = aOffset + aStart;
    let bAt = bOffset + bStart;
    for (let i = index; i < index + length; i++, aAt += aStep, bAt += bStep) out[i] = apply(a[aAt]!, b[bAt]!);
  });
};
