import { isFloating } from '../backend/dtypes.ts';
import { checkAlike } from '../tensor/checks.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { NUMBER, REDUCTION, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { sameShape } from '../tensor/shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import {
  checkClassTargets,
  checkWeight,
  classesOf,
  targetError,
  withoutClasses,
} from './support/classTargets.ts';
import { ofClasses } from './support/crossEntropyRows.ts';
import { checkDtype } from './support/launch.ts';
import {
  checkReduction,
  reduceLosses,
  type Reduction,
  type WeightedArguments,
} from './support/lossReduction.ts';

/** Options of `crossEntropy`. */
export interface CrossEntropyOptions {
  /** One weight per class, [C]; a constant. Default 1. */
  weight?: Maybe<Tensor>;
  /** Targets of this value are ignored; defaults to -100. */
  ignoreIndex?: number;
  /**
   * Defaults to `mean`, weighted by the targets' weights, without ignored targets. If these weights sum to 0, the mean is
   * NaN and its gradient 0.
   */
  reduction?: Reduction;
  /** The share of each target that is spread evenly over all classes, from 0 (default) to 1. */
  labelSmoothing?: number;
}

const takes = signature<Omit<CrossEntropyOptions, 'weight'> & { weight?: Tensor }>(
  'crossEntropy',
  { input: TENSOR, target: TENSOR },
  { weight: TENSOR, ignoreIndex: NUMBER, reduction: REDUCTION, labelSmoothing: NUMBER },
  1,
);

/**
 * The cross-entropy between softmax(input) and target classes, or target probabilities.
 *
 *     q[n, c]  = (1 - labelSmoothing) · [c = target[n]] + labelSmoothing / C
 *     loss[n]  = Σ_c weight[c] · q[n, c] · (log Σ_i exp(input[n, i]) - input[n, c])
 *     mean     = Σ_n loss[n] / Σ_n weight[target[n]]
 *
 * With target probabilities, q is smoothed from the target itself, and the mean is over the samples, independent of the
 * weights.
 *
 * Source: PyTorch's torch.nn.functional.cross_entropy; smoothing: Szegedy et al.: Rethinking the inception architecture
 * (2015).
 *
 * @param input logits [N, C] or [N, C, d1, …], or [C] for one sample
 * @param target classes from 0 to C - 1, int32 [N] or [N, d1, …], or [] for one sample; or probabilities of input's
 *   shape and dtype, which may require a gradient
 * @throws ShapeError if target or weight does not fit; ArgumentError for an option out of range; on the CPU also
 *   WgradError for a class out of range, which gives NaN on WebGPU
 * @example
 * crossEntropy(logits, labels, { labelSmoothing: 0.1, weight: tensor([1, 1, 5]) });
 */
export function crossEntropy(
  input: Tensor,
  target: Tensor,
  ...rest: WeightedArguments<CrossEntropyOptions>
): Tensor {
  const options = takes([input, target, ...rest]);
  const { weight, ignoreIndex = -100, reduction = 'mean', labelSmoothing = 0 } = options;
  checkDtype('crossEntropy', input, 'float32', 'float64');
  checkReduction('crossEntropy', reduction);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    throw new ArgumentError('crossEntropy', 'invalid labelSmoothing', {
      takes: '0 ≤ labelSmoothing ≤ 1',
      got: `labelSmoothing ${labelSmoothing}`,
    });
  }
  const probabilities = isFloating(target.dtype);
  if (probabilities) checkProbabilities(input, target, weight, ignoreIndex);
  else checkClassTargets('crossEntropy', input, target, { weight, ignoreIndex });
  return scope(() => {
    const smoothing = labelSmoothing;
    if (!probabilities) return ofClasses(input, target, { weight, ignoreIndex, smoothing, reduction });
    const single = input.ndim === 1;
    const [scores, wanted] = single ? [input.unsqueeze(0), target.unsqueeze(0)] : [input, target];
    const losses = probabilityLosses(scores, wanted, { weight, smoothing });
    return reduceLosses('crossEntropy', single ? losses.squeeze(0) : losses, reduction);
  });
}

function checkProbabilities(
  input: Tensor,
  target: Tensor,
  weight: Tensor | undefined,
  ignoreIndex: number,
): void {
  // For this shape, classes in a floating dtype are a more likely mistake than probabilities.
  if (sameShape(target.shape, withoutClasses(input.shape))) checkDtype('crossEntropy', target, 'int32');
  checkAlike('crossEntropy', input, target);
  if (input.ndim === 0 || classesOf(input) === 0 || !sameShape(input.shape, target.shape)) {
    throw targetError('crossEntropy', input, target, (dims) => dims);
  }
  checkWeight('crossEntropy', input, weight);
  if (ignoreIndex >= 0) {
    throw new ArgumentError('crossEntropy', 'ignoreIndex with probabilities', {
      takes: 'ignoreIndex with int32 targets only',
      got: `ignoreIndex ${ignoreIndex}`,
    });
  }
}

/** -Σ_c weight[c] · q[c] · log softmax(input)[c]. */
function probabilityLosses(
  input: Tensor,
  target: Tensor,
  { weight, smoothing }: { weight: Tensor | undefined; smoothing: number },
): Tensor {
  const smoothed = smoothing > 0 ? target.mul(1 - smoothing).add(smoothing / classesOf(input)) : target;
  const terms = input.logSoftmax(1).mul(smoothed);
  const weighted = weight ? terms.mul(weight.reshape([-1, ...input.shape.slice(2).map(() => 1)])) : terms;
  return weighted.sum(1).neg();
}
