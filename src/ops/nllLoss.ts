import { type Maybe, signature } from '../tensor/arguments.ts';
import { NUMBER, REDUCTION, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkClassTargets } from './support/classTargets.ts';
import {
  checkReduction,
  divideByCount,
  type Reduction,
  type WeightedArguments,
} from './support/lossReduction.ts';
import { where } from './where.ts';

/** Options of `nllLoss`. */
export interface NllLossOptions {
  /** One weight per class, [C]; a constant. Default 1. */
  weight?: Maybe<Tensor>;
  /** Targets of this value are ignored; defaults to -100. */
  ignoreIndex?: number;
  /**
   * Defaults to `mean`, weighted by the targets' weights, without ignored targets. If these weights sum to 0, the mean is
   * NaN and its gradient 0.
   */
  reduction?: Reduction;
}

const takes = signature<Omit<NllLossOptions, 'weight'> & { weight?: Tensor }>(
  'nllLoss',
  { input: TENSOR, target: TENSOR },
  { weight: TENSOR, ignoreIndex: NUMBER, reduction: REDUCTION },
  1,
);

/**
 * The negative log-likelihood of target classes, for inputs that are log-probabilities.
 *
 *     loss[n] = -weight[target[n]] · input[n, target[n]],   mean = Σ_n loss[n] / Σ_n weight[target[n]]
 *
 * `crossEntropy` takes logits and is faster than `nllLoss` of `logSoftmax`.
 *
 * Source: PyTorch's torch.nn.functional.nll_loss.
 *
 * @param input log-probabilities [N, C] or [N, C, d1, …], or [C] for one sample
 * @param target classes from 0 to C - 1, int32 [N] or [N, d1, …], or [] for one sample
 * @throws ShapeError if target or weight does not fit; ArgumentError for an option out of range; on the CPU also
 *   WgradError for a class out of range, which gives NaN on WebGPU
 * @example
 * nllLoss(logits.logSoftmax(1), labels, { reduction: 'sum' });
 */
export function nllLoss(input: Tensor, target: Tensor, ...rest: WeightedArguments<NllLossOptions>): Tensor {
  const { weight, ignoreIndex = -100, reduction = 'mean' } = takes([input, target, ...rest]);
  checkReduction('nllLoss', reduction);
  checkClassTargets('nllLoss', input, target, { weight, ignoreIndex });
  return scope(() => {
    const axis = input.ndim === 1 ? 0 : 1;
    const counts = target.ne(ignoreIndex);
    const index = where(counts, target, 0);
    const picked = input.gather(axis, index.unsqueeze(axis)).squeeze(axis);
    const own = weight?.indexSelect(0, index.flatten()).reshape(target.shape);
    const weights = own ? where(counts, own, 0) : counts.to(input.dtype);
    const signed = where(counts, picked, 0).neg();
    const losses = own ? signed.mul(weights) : signed;
    if (reduction === 'none') return losses;
    return reduction === 'sum' ? losses.sum() : divideByCount(losses.sum(), weights.sum(), NaN);
  });
}
