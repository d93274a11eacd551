import {
  type BinaryCrossEntropyOptions,
  binaryCrossEntropyWithLogits,
} from '../ops/binaryCrossEntropyWithLogits.ts';
import { crossEntropy, type CrossEntropyOptions } from '../ops/crossEntropy.ts';
import type { Reduction } from '../ops/support/lossReduction.ts';
import { mseLoss } from '../ops/mseLoss.ts';
import { nllLoss, type NllLossOptions } from '../ops/nllLoss.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** The cross-entropy between softmax(input) and target classes or probabilities: see `crossEntropy`. */
export class CrossEntropyLoss {
  readonly options: CrossEntropyOptions;

  constructor(options: CrossEntropyOptions = {}) {
    this.options = options;
  }

  /** The loss of logits against targets. */
  forward(input: Tensor, target: Tensor): Tensor {
    return crossEntropy(input, target, this.options);
  }
}

/** The negative log-likelihood of target classes under log-probabilities: see `nllLoss`. */
export class NLLLoss {
  readonly options: NllLossOptions;

  constructor(options: NllLossOptions = {}) {
    this.options = options;
  }

  /** The loss of log-probabilities against targets. */
  forward(input: Tensor, target: Tensor): Tensor {
    return nllLoss(input, target, this.options);
  }
}

/** The squared error: see `mseLoss`. */
export class MSELoss {
  readonly options: { reduction?: Reduction };

  constructor(options: { reduction?: Reduction } = {}) {
    this.options = options;
  }

  /** The loss of values against targets. */
  forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, this.options);
  }
}

/** The cross-entropy between σ(input) and target probabilities: see `binaryCrossEntropyWithLogits`. */
export class BCEWithLogitsLoss {
  readonly options: BinaryCrossEntropyOptions;

  constructor(options: BinaryCrossEntropyOptions = {}) {
    this.options = options;
  }

  /** The loss of logits against target probabilities. */
  forward(input: Tensor, target: Tensor): Tensor {
    return binaryCrossEntropyWithLogits(input, target, this.options);
  }
}
