// Sums, means, variances and extremes over dims.

import { type Maybe, type Signature, signature } from '../tensor/arguments.ts';
import { BOOLEAN, DIMS, INTEGER, REAL, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { withGradient } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { argReduce } from './support/argReduce.ts';
import { root } from './support/root.ts';
import { checkDtype } from './support/launch.ts';
import { isWholeNumber } from './support/promote.ts';
import { type Dims, reduceAxes, reductionAxes, restoreAxes } from './support/reduction.ts';
import { where } from './where.ts';

/** The optional arguments of a reduction: in this order, or by name. */
export type ReduceArguments<D = Dims> =
  | [dim?: Maybe<D>, keepdim?: Maybe<boolean>]
  | [dim: Maybe<D>, options: { keepdim?: Maybe<boolean> }]
  | [options: { dim?: Maybe<D>; keepdim?: Maybe<boolean> }];

interface Reduction<D = Dims> {
  dim?: D;
  keepdim?: boolean;
}

const reduction = (name: string): Signature<Reduction> =>
  signature<Reduction>(name, { x: TENSOR }, { dim: DIMS, keepdim: BOOLEAN });
const argReduction = (name: string): Signature<Reduction<number>> =>
  signature<Reduction<number>>(name, { x: TENSOR }, { dim: INTEGER, keepdim: BOOLEAN });

const takes = {
  sum: reduction('sum'),
  mean: reduction('mean'),
  amax: reduction('amax'),
  amin: reduction('amin'),
  logsumexp: reduction('logsumexp'),
  argmax: argReduction('argmax'),
  argmin: argReduction('argmin'),
  var: varianceSignature('var'),
  std: varianceSignature('std'),
};

/**
 * The sum over the given dims, or over all dims. A bool tensor is counted in int32.
 *
 *     ∂/∂x = 1
 *
 * @param dim one dim or several; negative dims count from the end
 * @param keepdim keep reduced dims with size 1
 * @example
 * tensor([[1, 2], [3, 4]]).sum(0); // 4, 6
 */
export function sum(x: Tensor, ...over: ReduceArguments): Tensor {
  const { dim, keepdim = false } = takes.sum([x, ...over]);
  if (x.dtype === 'bool') return scope(() => sum(x.to('int32'), dim, keepdim));
  checkDtype('sum', x, 'float32', 'float64', 'int32');
  const axes = reductionAxes('sum', x, dim);
  const { shape } = x;
  return withGradient(
    'sum',
    reduceAxes('SUM', 'sum', x, axes, keepdim),
    [x],
    [],
    (gradient) => [() => restoreAxes(gradient, shape, axes).expand(shape)],
    axes,
  );
}

/**
 * The arithmetic mean over the given dims, or over all dims. NaN if there are no elements.
 *
 *     ∂/∂x = 1 / n
 *
 * @param dim one dim or several; negative dims count from the end
 * @param keepdim keep reduced dims with size 1
 */
export function mean(x: Tensor, ...over: ReduceArguments): Tensor {
  const { dim, keepdim = false } = takes.mean([x, ...over]);
  checkDtype('mean', x, 'float32', 'float64');
  const count = countOver('mean', x, dim);
  return scope(() => x.sum(dim, keepdim).div(count));
}

/** Options of `var` and `std`. */
export interface VarianceOptions {
  /** The divisor is n - correction; 1 (Bessel's) by default. */
  correction?: Maybe<number>;
  keepdim?: Maybe<boolean>;
}

/** The optional arguments of `var` and `std`. PyTorch's third, `unbiased`, is `correction` 1 or 0 here. */
export type VarianceArguments =
  [dim?: Maybe<Dims>, options?: Maybe<VarianceOptions>] | [options: VarianceOptions & { dim?: Maybe<Dims> }];

interface Variance extends Reduction {
  correction?: number;
}

function varianceSignature(name: string): Signature<Variance> {
  return signature<Variance>(name, { x: TENSOR }, { dim: DIMS, correction: REAL, keepdim: BOOLEAN }, 1);
}

/**
 * The variance over the given dims, or over all dims.
 *
 *     v = Σ (x - mean)² / (n - correction),   ∂v/∂x = 2 (x - mean) / (n - correction)
 *
 * @example
 * tensor([1, 2, 3, 4]).var({ correction: 0 }); // 1.25
 */
export function variance(x: Tensor, ...over: VarianceArguments): Tensor {
  const { dim, correction = 1, keepdim = false } = takes.var([x, ...over]);
  checkDtype('var', x, 'float32', 'float64');
  const axes = reductionAxes('var', x, dim);
  const { shape } = x;
  const freedom = Math.max(0, countOver('var', x, dim) - correction);
  const out = scope(() => fromMean(x.detach(), axes).square().sum(axes, keepdim).div(freedom));
  return withGradient('var', out, [x], [x], (gradient, input) => [
    // Again from its mean: the rounding of the first one is the same for all elements.
    () => restoreAxes(gradient, shape, axes).mul(fromMean(fromMean(input, axes), axes).mul(2 / freedom)),
  ]);
}

function fromMean(x: Tensor, axes: number[]): Tensor {
  return x.sub(x.mean(axes, true));
}

/**
 * The standard deviation over the given dims, or over all dims: the root of the variance, with the same options.
 *
 * Its gradient is 0 where it is 0, as in PyTorch.
 */
export function std(x: Tensor, ...over: VarianceArguments): Tensor {
  const options = takes.std([x, ...over]);
  return scope(() => root('std', x.var(options)));
}

/** The number of elements of x that one result is computed from. */
function countOver(name: string, x: Tensor, dim: Dims | undefined): number {
  return reductionAxes(name, x, dim).reduce((size, axis) => size * x.shape[axis]!, 1);
}

/**
 * The greatest element over the given dims, or over all dims. NaN if one element is NaN.
 *
 * The gradient is shared evenly by all elements that are equal to it, as in PyTorch.
 *
 * @param dim one dim or several; negative dims count from the end
 * @param keepdim keep reduced dims with size 1
 * @throws ShapeError if there are no elements
 */
export function amax(x: Tensor, ...over: ReduceArguments): Tensor {
  const { dim, keepdim = false } = takes.amax([x, ...over]);
  return extreme('amax', 'MAX', x, dim, keepdim);
}

/**
 * The least element over the given dims, or over all dims. NaN if one element is NaN.
 *
 * The gradient is shared evenly by all elements that are equal to it, as in PyTorch.
 *
 * @param dim one dim or several; negative dims count from the end
 * @param keepdim keep reduced dims with size 1
 * @throws ShapeError if there are no elements
 */
export function amin(x: Tensor, ...over: ReduceArguments): Tensor {
  const { dim, keepdim = false } = takes.amin([x, ...over]);
  return extreme('amin', 'MIN', x, dim, keepdim);
}

function extreme(
  name: string,
  operation: 'MAX' | 'MIN',
  x: Tensor,
  dim: Dims | undefined,
  keepdim: boolean,
): Tensor {
  if (x.dtype === 'bool') {
    return scope(() => extreme(name, operation, x.to('int32'), dim, keepdim).to('bool'));
  }
  checkDtype(name, x, 'float32', 'float64', 'int32');
  const axes = reductionAxes(name, x, dim);
  const out = reduceAxes(operation, name, x, axes, keepdim);
  return withGradient(
    name,
    out,
    [x],
    [x, out],
    (gradient, input, reached) => [
      () => {
        const winners = input.eq(restoreAxes(reached, input.shape, axes)).to(gradient.dtype);
        const shares = winners.div(winners.sum(axes, true));
        return restoreAxes(gradient, input.shape, axes).mul(axes.length === 0 ? winners : shares);
      },
    ],
    axes,
  );
}

/**
 * The position of the greatest element along a dim, as int32. Without a dim, the position in row-major order.
 *
 * The first of equal elements wins. NaN counts as greatest.
 *
 * @throws ShapeError if there are no elements
 * @example
 * logits.argmax(1); // the predicted class of each sample
 */
export function argmax(x: Tensor, ...over: ReduceArguments<number>): Tensor {
  const { dim, keepdim = false } = takes.argmax([x, ...over]);
  return argReduce('argmax', 'MAX', x, dim, keepdim);
}

/**
 * The position of the least element along a dim, as int32. Without a dim, the position in row-major order.
 *
 * The first of equal elements wins. NaN counts as least.
 *
 * @throws ShapeError if there are no elements
 */
export function argmin(x: Tensor, ...over: ReduceArguments<number>): Tensor {
  const { dim, keepdim = false } = takes.argmin([x, ...over]);
  return argReduce('argmin', 'MIN', x, dim, keepdim);
}

/**
 * log Σ exp(x) over the given dims, or over all dims. -Inf if there are no elements. The maximum m is subtracted first.
 *
 *     log Σ exp(x) = m + log Σ exp(x - m),   ∂/∂x = softmax(x)
 *
 * @param dim one dim or several; negative dims count from the end
 * @param keepdim keep reduced dims with size 1
 */
export function logsumexp(x: Tensor, ...over: ReduceArguments): Tensor {
  const { dim, keepdim = false } = takes.logsumexp([x, ...over]);
  if (isWholeNumber(x.dtype)) return scope(() => x.to('float32').logsumexp(dim, keepdim));
  const axes = reductionAxes('logsumexp', x, dim);
  if (axes.some((axis) => x.shape[axis] === 0)) return scope(() => x.exp().sum(dim, keepdim).log());
  return scope(() => {
    const greatest = x.detach().amax(dim, true);
    // Subtracting an infinite maximum would give NaN. exp is safe without the shift then.
    const shift = where(greatest.abs().eq(Infinity), 0, greatest);
    const total = x.sub(shift).exp().sum(dim, true).log().add(shift);
    return keepdim ? total : total.reshape(x.shape.filter((_, axis) => !axes.includes(axis)));
  });
}
