// Activation functions in pieces, from other operations.

import { type Maybe, signature } from '../tensor/arguments.ts';
import { ShapeError } from '../tensor/errors.ts';
import { REAL, takesTensor, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { where } from './where.ts';

const eluArguments = signature<{ alpha?: number }>('elu', { x: TENSOR }, { alpha: REAL });
const preluArguments = signature('prelu', { x: TENSOR, weight: TENSOR });

/**
 * x if x > 0, otherwise alpha · (eˣ - 1), element by element.
 *
 * Source: Clevert, Unterthiner, Hochreiter: Exponential linear units (2016).
 *
 * @param alpha defaults to 1
 */
export function elu(
  x: Tensor,
  ...options: [alpha?: Maybe<number>] | [options: { alpha?: Maybe<number> }]
): Tensor {
  const { alpha = 1 } = eluArguments([x, ...options]);
  // The exponential of large numbers, which `where` leaves out, would make the gradient NaN.
  return scope(() => where(x.gt(0), x, x.clamp({ max: 0 }).exp().sub(1).mul(alpha)));
}

/**
 * x if x > 0, otherwise weight · x, with one weight for each channel or one for all.
 *
 * Source: He, Zhang, Ren, Sun: Delving deep into rectifiers (2015).
 *
 * @param x [N, C, …]
 * @param weight [C] or [1]
 * @throws ShapeError if the weight is neither
 */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  preluArguments(arguments);
  const channels = x.ndim < 2 ? 1 : x.shape[1]!;
  if (weight.numel() !== 1 && (weight.ndim !== 1 || weight.numel() !== channels)) {
    throw new ShapeError('prelu', 'the weight does not fit', {
      takes: 'x [N, C, …], weight [C] or [1]',
      got: `x ${describe(x)}, weight ${describe(weight)}`,
    });
  }
  const shape = [weight.numel(), ...new Array<number>(Math.max(0, x.ndim - 2)).fill(1)];
  return scope(() => where(x.gt(0), x, x.mul(weight.reshape(x.ndim === 0 ? [] : shape))));
}

/**
 * x · min(max(x + 3, 0), 6) / 6, element by element: an approximation of `silu` without exponentials.
 *
 * Source: Howard et al.: Searching for MobileNetV3 (2019).
 */
export function hardswish(x: Tensor): Tensor {
  takesTensor('hardswish', arguments);
  return scope(() => x.mul(x.add(3).clamp(0, 6)).div(6));
}
