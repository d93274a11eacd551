import type { Maybe } from '../../tensor/arguments.ts';
import { ArgumentError } from '../../tensor/errors.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { where } from '../where.ts';

/** How the losses of a batch are reduced. */
export type Reduction = 'mean' | 'sum' | 'none';

/**
 * The optional arguments of a loss: the weight may come first, as in PyTorch. What follows there are deprecated
 * arguments.
 */
export type WeightedArguments<Options> =
  [options?: Maybe<Options>] | [weight: Maybe<Tensor>, options?: Maybe<Omit<Options, 'weight'>>];

/** Throws ArgumentError unless the value is one of the three. */
export function checkReduction(name: string, reduction: Reduction): void {
  if (['mean', 'sum', 'none'].includes(reduction)) return;
  throw new ArgumentError(name, 'unknown reduction', {
    takes: "'mean', 'sum' or 'none'",
    got: reduction,
  });
}

/**
 * x / count, and `otherwise` where the count is 0: a mean in which nothing counts. No NaN reaches the gradient of x then,
 * which is 0.
 */
export function divideByCount(x: Tensor, count: Tensor, otherwise: number): Tensor {
  const none = count.eq(0);
  return where(none, otherwise, x.div(where(none, 1, count)));
}

/** Reduces losses. PyTorch's default is the mean. */
export function reduceLosses(name: string, losses: Tensor, reduction: Reduction = 'mean'): Tensor {
  checkReduction(name, reduction);
  if (reduction === 'none') return losses;
  return reduction === 'sum' ? losses.sum() : losses.mean();
}
