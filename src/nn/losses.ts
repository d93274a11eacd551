import { crossEntropy, type Reduction } from '../ops/crossEntropy.ts';
import { mseLoss } from '../ops/mseLoss.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** The cross-entropy between softmax(input) and target classes: see `crossEntropy`. */
export class CrossEntropyLoss {
  readonly reduction: Reduction;

  constructor(options: { reduction?: Reduction } = {}) {
    this.reduction = options.reduction ?? 'mean';
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return crossEntropy(input, target, { reduction: this.reduction });
  }
}

/** The squared error: see `mseLoss`. */
export class MSELoss {
  readonly reduction: Reduction;

  constructor(options: { reduction?: Reduction } = {}) {
    this.reduction = options.reduction ?? 'mean';
  }

  forward(input: Tensor, target: Tensor): Tensor {
    return mseLoss(input, target, { reduction: this.reduction });
  }
}
