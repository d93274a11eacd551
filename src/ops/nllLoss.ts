import { type Maybe, signature } from '../tensor/arguments.ts';
import { NUMBER, REDUCTION, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkClassTargets } from './support/classTargets.ts';
import { ofClasses } from './support/crossEntropyRows.ts';
import { checkReduction, type Reduction, type WeightedArguments } from './support/lossReduction.ts';

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
  return scope(() => ofClasses(input, target, { weight, ignoreIndex, reduction, logs: true }));
}
