// Relations of two operands, element by element. Shapes broadcast. A number stands for a scalar. They have no gradient.

import { codes } from '../backend/signatures.ts';
import { takesPair } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { comparison } from './support/elementwise.ts';

const c = codes.compare;

/** a = b, element by element, with broadcasting, as a bool tensor. False if either is NaN. Has no gradient. */
export function eq(a: Tensor, b: Tensor | number): Tensor {
  takesPair('eq', arguments);
  return comparison('eq', c.EQ, a, b);
}

/** a ≠ b, element by element, with broadcasting, as a bool tensor. True if either is NaN. Has no gradient. */
export function ne(a: Tensor, b: Tensor | number): Tensor {
  takesPair('ne', arguments);
  return comparison('ne', c.NE, a, b);
}

/** a < b, element by element, with broadcasting, as a bool tensor. False if either is NaN. Has no gradient. */
export function lt(a: Tensor, b: Tensor | number): Tensor {
  takesPair('lt', arguments);
  return comparison('lt', c.LT, a, b);
}

/** a ≤ b, element by element, with broadcasting, as a bool tensor. False if either is NaN. Has no gradient. */
export function le(a: Tensor, b: Tensor | number): Tensor {
  takesPair('le', arguments);
  return comparison('le', c.LE, a, b);
}

/** a > b, element by element, with broadcasting, as a bool tensor. False if either is NaN. Has no gradient. */
export function gt(a: Tensor, b: Tensor | number): Tensor {
  takesPair('gt', arguments);
  return comparison('gt', c.GT, a, b);
}

/** a ≥ b, element by element, with broadcasting, as a bool tensor. False if either is NaN. Has no gradient. */
export function ge(a: Tensor, b: Tensor | number): Tensor {
  takesPair('ge', arguments);
  return comparison('ge', c.GE, a, b);
}
