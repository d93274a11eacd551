// Relations of two operands, element by element. Shapes broadcast; a number stands for a scalar. None has a gradient.

import { codes } from '../backend/signatures.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { comparison } from './support/elementwise.ts';

const c = codes.compare;

/** a = b, element by element, with broadcasting, as a bool tensor; false where either is NaN. It has no gradient. */
export function eq(a: Tensor, b: Tensor | number): Tensor {
  return comparison('eq', c.EQ, a, b);
}

/** a ≠ b, element by element, with broadcasting, as a bool tensor; true where either is NaN. It has no gradient. */
export function ne(a: Tensor, b: Tensor | number): Tensor {
  return comparison('ne', c.NE, a, b);
}

/** a < b, element by element, with broadcasting, as a bool tensor; false where either is NaN. It has no gradient. */
export function lt(a: Tensor, b: Tensor | number): Tensor {
  return comparison('lt', c.LT, a, b);
}

/** a ≤ b, element by element, with broadcasting, as a bool tensor; false where either is NaN. It has no gradient. */
export function le(a: Tensor, b: Tensor | number): Tensor {
  return comparison('le', c.LE, a, b);
}

/** a > b, element by element, with broadcasting, as a bool tensor; false where either is NaN. It has no gradient. */
export function gt(a: Tensor, b: Tensor | number): Tensor {
  return comparison('gt', c.GT, a, b);
}

/** a ≥ b, element by element, with broadcasting, as a bool tensor; false where either is NaN. It has no gradient. */
export function ge(a: Tensor, b: Tensor | number): Tensor {
  return comparison('ge', c.GE, a, b);
}
