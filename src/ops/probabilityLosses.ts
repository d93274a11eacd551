// Losses of probabilities and their logarithms.

import { type Maybe, type Rest, signature } from '../tensor/arguments.ts';
import { BOOLEAN, oneOf, REDUCTION, TENSOR } from '../tensor/kinds.ts';
import { noGrad } from '../tensor/gradientMode.ts';
import { scope } from '../tensor/scope.ts';
import { withGradient } from '../tensor/tape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkTarget } from './distances.ts';
import { reduceLosses, type Reduction, type WeightedArguments } from './support/lossReduction.ts';
import { where } from './where.ts';

/** Options of `klDivLoss`. */
export interface KlDivOptions {
  /** `mean` (default) divides by the number of elements, `batchmean` by the number of samples; or `sum`, `none`. */
  reduction?: 'mean' | 'batchmean' | 'sum' | 'none';
  /** Whether the target consists of logarithms, too; false by default. */
  logTarget?: boolean;
}

/** Options of `bceLoss`. */
export interface BceOptions {
  /** The factor of each loss, with broadcasting. */
  weight?: Maybe<Tensor>;
  /** How the losses are reduced: `mean` (default), `sum` or `none`. */
  reduction?: Reduction;
}

const klArguments = signature<KlDivOptions>(
  'klDivLoss',
  { input: TENSOR, target: TENSOR },
  { reduction: oneOf('mean', 'batchmean', 'sum', 'none'), logTarget: BOOLEAN },
  0,
);
const bceArguments = signature<{ weight?: Tensor; reduction?: Reduction }>(
  'bceLoss',
  { input: TENSOR, target: TENSOR },
  { weight: TENSOR, reduction: REDUCTION },
  1,
);

/**
 * The Kullback–Leibler divergence of a distribution from one that is given by its logarithms, element by element.
 *
 *     target · (log target - input),   0 where target is 0
 *
 * @param input log-probabilities
 * @param target probabilities, of input's shape
 * @throws ShapeError if the shapes differ
 * @example
 * klDivLoss(logits.logSoftmax(1), teacher.softmax(1), { reduction: 'batchmean' });
 */
export function klDivLoss(input: Tensor, target: Tensor, ...rest: Rest<KlDivOptions>): Tensor {
  const { reduction = 'mean', logTarget = false } = klArguments([input, target, ...rest]);
  checkTarget('klDivLoss', input, target);
  return scope(() => {
    const losses = logTarget ? target.exp().mul(target.sub(input)) : entropy(target).sub(target.mul(input));
    if (reduction !== 'batchmean') return reduceLosses('klDivLoss', losses, reduction);
    return losses.sum().div(input.shape[0] ?? 1);
  });
}

/** x log x, and 0 for 0. */
function entropy(x: Tensor): Tensor {
  const none = x.eq(0);
  return where(none, 0, x.mul(where(none, 1, x).log()));
}

/**
 * The cross-entropy between probabilities and target probabilities. `binaryCrossEntropyWithLogits` takes logits and is more
 * accurate.
 *
 *     -(target · log input + (1 - target) · log(1 - input)),   logarithms are at least -100
 *
 * @param input in [0, 1]
 * @param target of input's shape
 * @param rest weight, in order or by name; reduction by name
 * @throws ShapeError if the shapes differ
 */
export function bceLoss(input: Tensor, target: Tensor, ...rest: WeightedArguments<BceOptions>): Tensor {
  const { weight, reduction } = bceArguments([input, target, ...rest]);
  checkTarget('bceLoss', input, target);
  return scope(() => {
    const losses = entropies(input, target);
    return reduceLosses('bceLoss', weight ? losses.mul(weight) : losses, reduction);
  });
}

/** The losses. At 0 and 1 the gradient is that of PyTorch: finite, and 0 for the right answer. */
function entropies(input: Tensor, target: Tensor): Tensor {
  const losses = noGrad(() => {
    const misses = opposite(target).mul(boundedLog(opposite(input)));
    return target.mul(boundedLog(input)).add(misses).neg();
  });
  return withGradient('bceLoss', losses, [input, target], [input, target], (g, x, t) => [
    () => g.mul(x.sub(t)).div(x.mul(opposite(x)).clamp({ min: 1e-12 })),
    () => g.mul(boundedLog(opposite(x)).sub(boundedLog(x))),
  ]);
}

function opposite(x: Tensor): Tensor {
  return x.neg().add(1);
}

function boundedLog(x: Tensor): Tensor {
  return x.log().clamp({ min: -100 });
}
