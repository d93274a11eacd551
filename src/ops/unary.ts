// Functions of one operand, element by element: each names its kernel code and its gradient.

import { codes } from '../backend/signatures.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { zerosLike } from '../tensor/create.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { REAL, takesTensor, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { unary } from './support/elementwise.ts';
import { isWholeNumber } from './support/promote.ts';
import { where } from './where.ts';

const c = codes.unary;

/**
 * |x|, element by element. The gradient at 0 is 0, as in PyTorch.
 *
 * @example
 * tensor([1, -2]).abs(); // 1, 2
 */
export function abs(x: Tensor): Tensor {
  takesTensor('abs', arguments);
  if (x.dtype === 'int32') return scope(() => x.maximum(x.neg()));
  return unary('abs', c.ABS, x, 'input', (g, saved) => g.mul(saved.sign()));
}

/** Options of `clamp`. */
export interface ClampOptions {
  min?: Maybe<number>;
  max?: Maybe<number>;
}

const clampArguments = signature<{ min?: number; max?: number }>(
  'clamp',
  { x: TENSOR },
  { min: REAL, max: REAL },
);

/**
 * Limits every element to [min, max]. NaN stays. The gradient is 1 inside and at the limits, and 0 outside.
 *
 * @param min no lower limit by default
 * @param max no upper limit by default; if min exceeds max, every element becomes max
 * @throws ArgumentError if both are left out
 * @example
 * tensor([-2, 0.5, 3]).clamp(0, 1); // 0, 0.5, 1
 * tensor([-2, 0.5, 3]).clamp({ min: 0 }); // 0, 0.5, 3
 */
export function clamp(
  x: Tensor,
  ...limits: [options: ClampOptions] | [min: Maybe<number>, max?: Maybe<number>]
): Tensor {
  const { min, max } = clampArguments([x, ...limits]);
  if (min === undefined && max === undefined) {
    throw new ArgumentError('clamp', 'no limits', { takes: '{ min }, { max } or both', got: '{}' });
  }
  if (isWholeNumber(x.dtype)) {
    return scope(() => {
      const raised = min === undefined ? x : x.maximum(min);
      return max === undefined ? raised : raised.minimum(max);
    });
  }
  const ends = { alpha: min ?? -Infinity, beta: max ?? Infinity };
  const inside = (g: Tensor, saved: Tensor): Tensor =>
    where(saved.ge(ends.alpha), where(saved.le(ends.beta), g, 0), 0);
  return unary('clamp', c.CLAMP, x, 'input', inside, ends);
}

/**
 * cos x for x in radians, element by element.
 *
 * d cos x / dx = -sin x
 */
export function cos(x: Tensor): Tensor {
  takesTensor('cos', arguments);
  return unary('cos', c.COS, x, 'input', (g, saved) => g.mul(saved.sin()).neg());
}

/**
 * The error function 2/√π ∫₀ˣ e^(-t²) dt, element by element, within 1.5e-7 in float32.
 *
 * d erf x / dx = 2/√π e^(-x²)
 */
export function erf(x: Tensor): Tensor {
  takesTensor('erf', arguments);
  return unary('erf', c.ERF, x, 'input', (g, saved) =>
    g.mul(saved.square().neg().exp()).mul(2 / Math.sqrt(Math.PI)),
  );
}

/**
 * eˣ, element by element.
 *
 * d eˣ / dx = eˣ
 */
export function exp(x: Tensor): Tensor {
  takesTensor('exp', arguments);
  return unary('exp', c.EXP, x, 'output', (g, y) => g.mul(y));
}

/**
 * eˣ − 1, element by element, exact for small x as well.
 *
 * d (eˣ − 1) / dx = eˣ
 */
export function expm1(x: Tensor): Tensor {
  takesTensor('expm1', arguments);
  return unary('expm1', c.EXPM1, x, 'output', (g, y) => g.mul(y.add(1)));
}

/**
 * The natural logarithm, element by element. -Inf at 0, NaN below.
 *
 * d ln x / dx = 1 / x
 */
export function log(x: Tensor): Tensor {
  takesTensor('log', arguments);
  return unary('log', c.LOG, x, 'input', (g, saved) => g.div(saved));
}

/**
 * ln(1 + x), element by element, exact for small x as well. -Inf at -1, NaN below.
 *
 * d ln(1 + x) / dx = 1 / (1 + x)
 */
export function log1p(x: Tensor): Tensor {
  takesTensor('log1p', arguments);
  return unary('log1p', c.LOG1P, x, 'input', (g, saved) => g.div(saved.add(1)));
}

/**
 * −x, element by element.
 *
 * @example
 * tensor([1, -2]).neg(); // -1, 2
 */
export function neg(x: Tensor): Tensor {
  takesTensor('neg', arguments);
  if (x.dtype === 'int32') return x.mul(-1);
  return unary('neg', c.NEG, x, 'nothing', (g) => g.neg());
}

/**
 * 1 / x, element by element.
 *
 * d (1/x) / dx = -y²
 */
export function reciprocal(x: Tensor): Tensor {
  takesTensor('reciprocal', arguments);
  return unary('reciprocal', c.RECIPROCAL, x, 'output', (g, y) => g.mul(y.square()).neg());
}

/**
 * 1 / √x, element by element.
 *
 * d x^(-1/2) / dx = -1/2 · y³
 */
export function rsqrt(x: Tensor): Tensor {
  takesTensor('rsqrt', arguments);
  return unary('rsqrt', c.RSQRT, x, 'output', (g, y) => g.mul(y.square().mul(y)).mul(-0.5));
}

/** The sign of each element: -1, 0 or 1; 0 for NaN, as in PyTorch. Its gradient is 0 everywhere. */
export function sign(x: Tensor): Tensor {
  takesTensor('sign', arguments);
  if (x.dtype === 'int32') return scope(() => x.maximum(-1).minimum(1));
  if (x.dtype === 'bool') return x.clone();
  return unary('sign', c.SIGN, x, 'nothing', (g) => zerosLike(g));
}

/**
 * sin x for x in radians, element by element.
 *
 * d sin x / dx = cos x
 */
export function sin(x: Tensor): Tensor {
  takesTensor('sin', arguments);
  return unary('sin', c.SIN, x, 'input', (g, saved) => g.mul(saved.cos()));
}

/**
 * √x, element by element. NaN below 0.
 *
 * d √x / dx = 1 / (2 √x)
 */
export function sqrt(x: Tensor): Tensor {
  takesTensor('sqrt', arguments);
  return unary('sqrt', c.SQRT, x, 'output', (g, y) => g.div(y.mul(2)));
}

/**
 * x², element by element.
 *
 * d x² / dx = 2 x
 */
export function square(x: Tensor): Tensor {
  takesTensor('square', arguments);
  if (x.dtype === 'bool') return x.to('int32');
  if (x.dtype === 'int32') return x.mul(x);
  return unary('square', c.SQUARE, x, 'input', (g, saved) => g.mul(saved).mul(2));
}
