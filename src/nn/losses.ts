import {
  type BinaryCrossEntropyOptions,
  binaryCrossEntropyWithLogits,
} from '../ops/binaryCrossEntropyWithLogits.ts';
import { crossEntropy, type CrossEntropyOptions } from '../ops/crossEntropy.ts';
import type { Reduction, WeightedArguments } from '../ops/support/lossReduction.ts';
import { mseLoss } from '../ops/mseLoss.ts';
import { nllLoss, type NllLossOptions } from '../ops/nllLoss.ts';
import { type Rest, signature } from '../tensor/arguments.ts';
import { NUMBER, REDUCTION, TENSOR } from '../tensor/kinds.ts';
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
