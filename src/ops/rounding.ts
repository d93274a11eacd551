// Whole numbers near an element, and division that rounds.

import { codes } from '../backend/signatures.ts';
import { zerosLike } from '../tensor/create.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { takesPair, takesTensor } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { binary, unary } from './support/elementwise.ts';
import { isWholeNumber } from './support/promote.ts';

const { FLOOR_DIVIDE, REMAINDER } = codes.binary;
const c = codes.unary;

/** The least integer not below x, element by element. Its gradient is 0 everywhere. */
export function ceil(x: Tensor): Tensor {
  takesTensor('ceil', arguments);
  return toWhole('ceil', c.CEIL, x);
}

/** The greatest integer not above x, element by element. Its gradient is 0 everywhere. */
export function floor(x: Tensor): Tensor {
  takesTensor('floor', arguments);
  return toWhole('floor', c.FLOOR, x);
}

/** The integer part of x, element by element: rounded towards 0. Its gradient is 0 everywhere. */
export function trunc(x: Tensor): Tensor {
  takesTensor('trunc', arguments);
  return toWhole('trunc', c.TRUNC, x);
}

/**
 * The integer nearest to x, element by element. Halves go to the even one. Its gradient is 0 everywhere.
 *
 * @example
 * tensor([0.5, 1.5, -2.6]).round(); // 0, 2, -3
 */
export function round(x: Tensor): Tensor {
  takesTensor('round', arguments);
  return toWhole('round', c.ROUND, x);
}

function toWhole(name: string, code: number, x: Tensor): Tensor {
  if (x.dtype === 'int32') return x.clone();
  return unary(name, code, x, 'nothing', (g) => zerosLike(g));
}

/**
 * ⌊a / b⌋, element by element, with broadcasting. Integers give integers. Its gradient is 0 everywhere.
 *
 * Of floating numbers the quotient is that of the exact ones; above 2²² it has the error of a division. A divisor of 0 gives a / 0,
 * and an infinite a NaN, as in PyTorch. Of integers by 0 there is none: do not use what an element of 0 in b gives.
 *
 * @throws ArgumentError for integers by the number 0
 * @example
 * tensor([7, -7]).floorDivide(2); // 3, -4
 */
export function floorDivide(a: Tensor, b: Tensor | number): Tensor {
  takesPair('floorDivide', arguments);
  if (!areWhole('floorDivide', a, b))
    return binary('floorDivide', FLOOR_DIVIDE, a, b, false, (g) => [() => zerosLike(g), () => zerosLike(g)]);
  return scope(() => {
    // A float32 has 24 bits of the quotient's 32. The rest is small enough for an exact one. After rounding to the nearest
    // integer it is at most about b / 2, so that no rounding takes its quotient to 1.
    const nearest = a.div(b).round().to('int32');
    const rest = a.to('int32').sub(nearest.mul(b));
    return nearest.add(rest.div(b).floor().to('int32'));
  });
}

/**
 * a - b ⌊a / b⌋, element by element, with broadcasting. It has the sign of b, as in Python, and is exact but for the addition of b
 * where the signs of a and b differ. An infinite b gives a, or b where the signs differ; 0 gives NaN.
 *
 *     ∂/∂a = 1,   ∂/∂b = -⌊a / b⌋
 *
 * @throws ArgumentError for integers by the number 0
 * @example
 * tensor([7, -7]).remainder(3); // 1, 2
 */
export function remainder(a: Tensor, b: Tensor | number): Tensor {
  takesPair('remainder', arguments);
  if (areWhole('remainder', a, b)) return scope(() => a.sub(a.floorDivide(b).mul(b)));
  return binary('remainder', REMAINDER, a, b, true, (g, x, y) => [
    () => g,
    () => g.mul(x.floorDivide(y)).neg(),
  ]);
}

/** Whether both are integers. A number counts as one if int32 holds it. */
function areWhole(name: string, a: Tensor, b: Tensor | number): boolean {
  if (!isWholeNumber(a.dtype)) return false;
  if (typeof b !== 'number') return isWholeNumber(b.dtype);
  if (b === 0) {
    throw new ArgumentError(name, 'integers divided by 0', {
      takes: "a divisor other than 0; convert with to('float32') for Infinity and NaN",
      got: `${describe(a)} and 0`,
    });
  }
  return b === (b | 0);
}

/**
 * The binary logarithm, element by element. -Inf at 0, NaN below.
 *
 * d log₂ x / dx = 1 / (x ln 2)
 */
export function log2(x: Tensor): Tensor {
  takesTensor('log2', arguments);
  return scope(() => x.log().mul(Math.LOG2E));
}
