import { codes } from '../signatures.ts';
import { eachRow, type Twin } from './twin.ts';

type Apply = (a: number, b: number) => number;

const c = codes.binary;
const functions: { readonly [code: number]: Apply } = {
  [c.ADD]: (a, b) => a + b,
  [c.SUB]: (a, b) => a - b,
  [c.MUL]: (a, b) => a * b,
  [c.DIV]: (a, b) => a / b,
  // C's pow, unlike JavaScript's, is 1 for a base of 1 and an exponent of NaN.
  [c.POW]: (a, b) => (a === 1 ? 1 : a ** b),
  [c.MAXIMUM]: (a, b) => (a > b || Number.isNaN(a) ? a : b),
  [c.MINIMUM]: (a, b) => (a < b || Number.isNaN(a) ? a : b),
  [c.RELU_GRADIENT]: (gradient, x) => (x <= 0 ? 0 : gradient),
};

export const binary: Twin<'binary'> = ({ a, b, out }, params, { OPERATION = 0 }) => {
  const apply = functions[OPERATION]!;
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
