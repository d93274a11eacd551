// Functions of two operands, element by element. Shapes broadcast. A number stands for a scalar.

import { codes } from '../backend/signatures.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { takesPair } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { binary } from './support/elementwise.ts';
import { isWholeNumber, withPromoted } from './support/promote.ts';
import { where } from './where.ts';

const c = codes.binary;

/**
 * a + b, element by element, with broadcasting. For two bool tensors, a or b.
 *
 * @throws ShapeError if the shapes do not broadcast
 * @example
 * tensor([1, 2]).add(1); // 2, 3
 */
export function add(a: Tensor, b: Tensor | number): Tensor {
  takesPair('add', arguments);
  if (a.dtype === 'bool' && typeof b !== 'number' && b.dtype === 'bool') return a.maximum(b);
  return binary('add', c.ADD, a, b, false, (g) => [() => g, () => g]);
}

/** a − b, element by element, with broadcasting. */
export function sub(a: Tensor, b: Tensor | number): Tensor {
  takesPair('sub', arguments);
  return binary('sub', c.SUB, a, b, false, (g) => [() => g, () => g.neg()]);
}

/**
 * b − a, element by element, with broadcasting: PyTorch's `1 - x` is `x.rsub(1)`.
 *
 * @example
 * tensor([0.25, 1]).rsub(1); // 0.75, 0
 */
export function rsub(a: Tensor, b: Tensor | number): Tensor {
  takesPair('rsub', arguments);
  return withPromoted(a, b, (subtrahend, minuend) => minuend.sub(subtrahend));
}

/**
 * a · b, element by element, with broadcasting. For two bool tensors, a and b.
 *
 * ∂/∂a = b, ∂/∂b = a
 */
export function mul(a: Tensor, b: Tensor | number): Tensor {
  takesPair('mul', arguments);
  return binary('mul', c.MUL, a, b, true, (g, x, y) => [() => g.mul(y), () => g.mul(x)]);
}

/**
 * a / b, element by element, with broadcasting. int32 and bool operands give float32, as in PyTorch.
 *
 * ∂/∂a = 1 / b, ∂/∂b = -a / b²
 */
export function div(a: Tensor, b: Tensor | number): Tensor {
  takesPair('div', arguments);
  if (isWholeNumber(a.dtype) && (typeof b === 'number' || isWholeNumber(b.dtype))) {
    return scope(() => a.to('float32').div(b));
  }
  return binary('div', c.DIV, a, b, true, (g, x, y) => [
    () => g.div(y),
    // Not by y², which overflows for |y| > 10¹⁹ and is 0 for |y| < 10⁻²³.
    () => x.div(y).div(y).mul(g).neg(),
  ]);
}

/**
 * aᵇ, element by element, with broadcasting. A negative base with a non-integer exponent gives NaN.
 *
 * @throws ArgumentError for integers to a negative whole power
 *
 *     ∂/∂a = b · a^(b-1)  (0 where b = 0),   ∂/∂b = aᵇ · ln a  (0 where a = 0 and b ≥ 0)
 *
 * @example
 * tensor([1, 2, 3]).pow(2); // 1, 4, 9
 */
export function pow(a: Tensor, b: Tensor | number): Tensor {
  takesPair('pow', arguments);
  if (isWholeNumber(a.dtype) && typeof b === 'number' && b < 0 && Number.isInteger(b)) {
    throw new ArgumentError('pow', 'a whole number to a negative power', {
      takes: "an exponent of 0 or more for integers; convert with to('float32') for others",
      got: `${a.dtype} to the power of ${b}`,
    });
  }
  return binary('pow', c.POW, a, b, true, (g, x, y) => [() => toBase(g, x, y), () => toExponent(g, x, y)]);
}

function toBase(g: Tensor, base: Tensor, exponent: Tensor): Tensor {
  // The slope is 0 there, but changes with the exponent unless the base is 0.
  const isZero = exponent.eq(0);
  const flat = exponent.requiresGrad ? isZero.logicalAnd(base.eq(0)) : isZero;
  // Masked elements take the power 1 instead of -1, whose derivatives at a base of 0 are infinite.
  const slope = exponent.mul(base.pow(where(flat, 1, exponent.sub(1))));
  return where(flat, 0, g.mul(slope));
}

function toExponent(g: Tensor, base: Tensor, exponent: Tensor): Tensor {
  const flat = base.eq(0).to(g.dtype).mul(exponent.ge(0).to(g.dtype)).ne(0);
  // Masked elements take the logarithm of 1 instead of 0, so that no NaN arises from -Inf.
  const safe = where(flat, 1, base);
  return where(flat, 0, g.mul(base.pow(exponent).mul(safe.log())));
}

/**
 * The angle of the point (b, a) in radians, from −π to π, element by element, with broadcasting. int32 and bool operands give
 * float32.
 *
 *     ∂/∂a = b / (a² + b²),   ∂/∂b = -a / (a² + b²)
 *
 * @example
 * tensor([1, -1]).atan2(tensor([1, -1])); // π/4, -3π/4
 */
export function atan2(a: Tensor, b: Tensor | number): Tensor {
  takesPair('atan2', arguments);
  if (isWholeNumber(a.dtype) && (typeof b === 'number' || isWholeNumber(b.dtype))) {
    return scope(() => a.to('float32').atan2(b));
  }
  return binary('atan2', c.ATAN2, a, b, true, (g, y, x) => {
    const scaled = (): Tensor => g.div(x.square().add(y.square()));
    return [() => scaled().mul(x), () => scaled().mul(y).neg()];
  });
}

/**
 * The greater of a and b, element by element, with broadcasting. NaN if either is NaN.
 *
 * The gradient goes to the greater one. If both are equal, each gets half.
 */
export function maximum(a: Tensor, b: Tensor | number): Tensor {
  takesPair('maximum', arguments);
  return binary('maximum', c.MAXIMUM, a, b, true, (g, x, y) => [
    () => shareOf(g, x, y),
    () => shareOf(g, y, x),
  ]);
}

/**
 * The lesser of a and b, element by element, with broadcasting. NaN if either is NaN.
 *
 * The gradient goes to the lesser one. If both are equal, each gets half.
 */
export function minimum(a: Tensor, b: Tensor | number): Tensor {
  takesPair('minimum', arguments);
  return binary('minimum', c.MINIMUM, a, b, true, (g, x, y) => [
    () => shareOf(g, y, x),
    () => shareOf(g, x, y),
  ]);
}

/**
 * The share of `winner` in the gradient of a maximum with `rival`: all if it is greater, half if both are equal, 0 if it is
 * less, also of an infinite gradient; all if either is NaN, as in PyTorch.
 */
function shareOf(gradient: Tensor, winner: Tensor, rival: Tensor): Tensor {
  return where(winner.lt(rival), 0, where(winner.eq(rival), gradient.mul(0.5), gradient));
}
