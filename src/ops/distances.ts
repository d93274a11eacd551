// Losses that grow with the distance of input and target.

import { type Rest, signature } from '../tensor/arguments.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { REAL, REDUCTION, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { sameShape } from '../tensor/shape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { reduceLosses, type Reduction } from './support/lossReduction.ts';

/** Options of `smoothL1Loss`. */
export interface SmoothL1Options {
  /** How the losses are reduced: `mean` (default), `sum` or `none`. */
  reduction?: Reduction;
  /** The distance from which the loss is linear; 1 by default. */
  beta?: number;
}

/** Options of `huberLoss`. */
export interface HuberOptions {
  /** How the losses are reduced: `mean` (default), `sum` or `none`. */
  reduction?: Reduction;
  /** The distance from which the loss is linear; 1 by default. */
  delta?: number;
}

const PAIR_OF_TENSORS = { input: TENSOR, target: TENSOR };
const takes = {
  l1: signature<{ reduction?: Reduction }>('l1Loss', PAIR_OF_TENSORS, { reduction: REDUCTION }, 0),
  smooth: signature<SmoothL1Options>(
    'smoothL1Loss',
    PAIR_OF_TENSORS,
    { reduction: REDUCTION, beta: REAL },
    0,
  ),
  huber: signature<HuberOptions>('huberLoss', PAIR_OF_TENSORS, { reduction: REDUCTION, delta: REAL }, 0),
};

/**
 * The absolute error |input - target|, reduced.
 *
 * @param target of input's shape
 * @param options.reduction `mean` (default), `sum` or `none`
 * @throws ShapeError if the shapes differ
 */
export function l1Loss(input: Tensor, target: Tensor, ...rest: Rest<{ reduction?: Reduction }>): Tensor {
  const { reduction } = takes.l1([input, target, ...rest]);
  return scope(() => reduceLosses('l1Loss', difference('l1Loss', input, target).abs(), reduction));
}

/**
 * The squared error near 0 and the absolute error farther out, reduced.
 *
 *     d² / (2 beta) if d < beta, otherwise d - beta / 2,   d = |input - target|
 *
 * Source: Girshick: Fast R-CNN (2015).
 *
 * @param target of input's shape
 * @throws ShapeError if the shapes differ
 * @throws ArgumentError for a negative beta
 */
export function smoothL1Loss(input: Tensor, target: Tensor, ...rest: Rest<SmoothL1Options>): Tensor {
  const { reduction, beta = 1 } = takes.smooth([input, target, ...rest]);
  if (!(beta >= 0)) throw invalid('smoothL1Loss', 'beta', 'beta ≥ 0', beta);
  return scope(() => {
    const d = difference('smoothL1Loss', input, target);
    return reduceLosses('smoothL1Loss', beta === 0 ? d.abs() : bent(d, beta).div(beta), reduction);
  });
}

/**
 * The squared error near 0 and a multiple of the absolute error farther out, reduced.
 *
 *     d² / 2 if d < delta, otherwise delta · (d - delta / 2),   d = |input - target|
 *
 * Source: Huber: Robust estimation of a location parameter (1964).
 *
 * @param target of input's shape
 * @throws ShapeError if the shapes differ
 * @throws ArgumentError unless delta > 0
 */
export function huberLoss(input: Tensor, target: Tensor, ...rest: Rest<HuberOptions>): Tensor {
  const { reduction, delta = 1 } = takes.huber([input, target, ...rest]);
  if (!(delta > 0)) throw invalid('huberLoss', 'delta', 'delta > 0', delta);
  return scope(() =>
    reduceLosses('huberLoss', bent(difference('huberLoss', input, target), delta), reduction),
  );
}

/**
 * With m = d, limited to [-limit, limit]: m (d - m / 2) is d² / 2 within the limits, and the lines that continue it outside. The
 * magnitude of d would have no curvature at 0.
 */
function bent(d: Tensor, limit: number): Tensor {
  const m = d.clamp(-limit, limit);
  return m.mul(d.sub(m.div(2)));
}

function difference(name: string, input: Tensor, target: Tensor): Tensor {
  checkTarget(name, input, target);
  return input.sub(target);
}

/** Throws ShapeError unless the target has the input's shape. */
export function checkTarget(name: string, input: Tensor, target: Tensor): void {
  if (sameShape(input.shape, target.shape)) return;
  throw new ShapeError(name, 'target does not fit', {
    takes: 'input and target of one shape',
    got: `input ${describe(input)}, target ${describe(target)}`,
  });
}

function invalid(name: string, option: string, takes: string, got: number): ArgumentError {
  return new ArgumentError(name, `invalid ${option}`, { takes, got: `${option} ${got}` });
}
