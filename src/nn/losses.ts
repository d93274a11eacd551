import {
  type BinaryCrossEntropyOptions,
  binaryCrossEntropyWithLogits,
} from '../ops/binaryCrossEntropyWithLogits.ts';
import {
  type HuberOptions,
  huberLoss,
  l1Loss,
  type SmoothL1Options,
  smoothL1Loss,
} from '../ops/distances.ts';
import { crossEntropy, type CrossEntropyOptions } from '../ops/crossEntropy.ts';
import type { Reduction, WeightedArguments } from '../ops/support/lossReduction.ts';
import { mseLoss } from '../ops/mseLoss.ts';
import { type BceOptions, bceLoss, type KlDivOptions, klDivLoss } from '../ops/probabilityLosses.ts';
import { nllLoss, type NllLossOptions } from '../ops/nllLoss.ts';
import { type Rest, signature } from '../tensor/arguments.ts';
import { BOOLEAN, NUMBER, oneOf, REAL, REDUCTION, TENSOR } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { checkInputs } from './moduleArguments.ts';

const PAIR_OF_TENSORS = { input: TENSOR, target: TENSOR };
const takes = {
  crossEntropy: signature<CrossEntropyOptions>(
    'CrossEntropyLoss',
    {},
    { weight: TENSOR, ignoreIndex: NUMBER, reduction: REDUCTION, labelSmoothing: NUMBER },
    1,
  ),
  nll: signature<NllLossOptions>(
    'NLLLoss',
    {},
    { weight: TENSOR, ignoreIndex: NUMBER, reduction: REDUCTION },
    1,
  ),
  mse: signature<{ reduction?: Reduction }>('MSELoss', {}, { reduction: REDUCTION }, 0),
  l1: signature<{ reduction?: Reduction }>('L1Loss', {}, { reduction: REDUCTION }, 0),
  smooth: signature<SmoothL1Options>('SmoothL1Loss', {}, { reduction: REDUCTION, beta: REAL }, 0),
  huber: signature<HuberOptions>('HuberLoss', {}, { reduction: REDUCTION, delta: REAL }, 0),
  divergence: signature<KlDivOptions>(
    'KLDivLoss',
    {},
    { reduction: oneOf('mean', 'batchmean', 'sum', 'none'), logTarget: BOOLEAN },
    0,
  ),
  probabilities: signature<BceOptions>('BCELoss', {}, { weight: TENSOR, reduction: REDUCTION }, 1),
  binary: signature<BinaryCrossEntropyOptions>(
    'BCEWithLogitsLoss',
    {},
    { weight: TENSOR, posWeight: TENSOR, reduction: REDUCTION },
    1,
  ),
};

/** The cross-entropy between softmax(input) and target classes or probabilities: see `crossEntropy`. */
export class CrossEntropyLoss {
  readonly options: CrossEntropyOptions;

  constructor(...rest: WeightedArguments<CrossEntropyOptions>) {
    this.options = takes.crossEntropy(rest);
  }

  /** The loss of logits against targets. */
  forward(input: Tensor, target: Tensor): Tensor {
    checkInputs(this, PAIR_OF_TENSORS, arguments);
    return crossEntropy(input, target, this.options);
  }
}

/** The negative log-likelihood of target classes under log-probabilities: see `nllLoss`. */
export class NLLLoss {
  readonly options: NllLossOptions;

  constructor(...rest: WeightedArguments<NllLossOptions>) {
    this.options = takes.nll(rest);
  }

  /** The loss of log-probabilities against targets. */
  forward(input: Tensor, target: Tensor): Tensor {
    checkInputs(this, PAIR_OF_TENSORS, arguments);
    return nllLoss(input, target, this.options);
  }
}

/** The squared error: see `mseLoss`. */
export class MSELoss {
  readonly options: { reduction?: Reduction };

  constructor(...rest: Rest<{ reduction?: Reduction }>) {
    this.options = takes.mse(rest);
  }

  /** The loss of values against targets. */
  forward(input: Tensor, target: Tensor): Tensor {
    checkInputs(this, PAIR_OF_TENSORS, arguments);
    return mseLoss(input, target, this.options);
  }
}

/** The cross-entropy between σ(input) and target probabilities: see `binaryCrossEntropyWithLogits`. */
export class BCEWithLogitsLoss {
  readonly options: BinaryCrossEntropyOptions;

  constructor(...rest: WeightedArguments<BinaryCrossEntropyOptions>) {
    this.options = takes.binary(rest);
  }

  /** The loss of logits against target probabilities. */
  forward(input: Tensor, target: Tensor): Tensor {
    checkInputs(this, PAIR_OF_TENSORS, arguments);
    return binaryCrossEntropyWithLogits(input, target, this.options);
  }
}

/** The absolute error: see `l1Loss`. */
export class L1Loss {
  readonly options: { reduction?: Reduction };

  constructor(...rest: Rest<{ reduction?: Reduction }>) {
    this.options = takes.l1(rest);
  }

  /** The loss of values against targets. */
  forward(input: Tensor, target: Tensor): Tensor {
    checkInputs(this, PAIR_OF_TENSORS, arguments);
    return l1Loss(input, target, this.options);
  }
}

/** The squared error near 0, the absolute error farther out: see `smoothL1Loss`. */
export class SmoothL1Loss {
  readonly options: SmoothL1Options;

  constructor(...rest: Rest<SmoothL1Options>) {
    this.options = takes.smooth(rest);
  }

  /** The loss of values against targets. */
  forward(input: Tensor, target: Tensor): Tensor {
    checkInputs(this, PAIR_OF_TENSORS, arguments);
    return smoothL1Loss(input, target, this.options);
  }
}

/** The squared error near 0, a multiple of the absolute error farther out: see `huberLoss`. */
export class HuberLoss {
  readonly options: HuberOptions;

  constructor(...rest: Rest<HuberOptions>) {
    this.options = takes.huber(rest);
  }

  /** The loss of values against targets. */
  forward(input: Tensor, target: Tensor): Tensor {
    checkInputs(this, PAIR_OF_TENSORS, arguments);
    return huberLoss(input, target, this.options);
  }
}

/** The Kullback–Leibler divergence: see `klDivLoss`. */
export class KLDivLoss {
  readonly options: KlDivOptions;

  constructor(...rest: Rest<KlDivOptions>) {
    this.options = takes.divergence(rest);
  }

  /** The loss of log-probabilities against target probabilities. */
  forward(input: Tensor, target: Tensor): Tensor {
    checkInputs(this, PAIR_OF_TENSORS, arguments);
    return klDivLoss(input, target, this.options);
  }
}

/** The cross-entropy between probabilities and target probabilities: see `bceLoss`. */
export class BCELoss {
  readonly options: BceOptions;

  constructor(...rest: WeightedArguments<BceOptions>) {
    this.options = takes.probabilities(rest);
  }

  /** The loss of probabilities against target probabilities. */
  forward(input: Tensor, target: Tensor): Tensor {
    checkInputs(this, PAIR_OF_TENSORS, arguments);
    return bceLoss(input, target, this.options);
  }
}
