import { ADAM, type AdamArguments, AdamFamily, type AdamOptions } from './adamFamily.ts';
import { optimizerArguments } from './optimizerArguments.ts';
import type { OptimizerParameters } from './paramGroups.ts';

const takes = optimizerArguments<AdamOptions>('AdamW', ADAM, 5);

/**
 * Adam with decoupled weight decay: the decay does not enter the moments. It is 0.01 by default.
 *
 *     p ← p · (1 - lr · weightDecay)
 *     m ← β₁ m + (1 - β₁) g,   v ← β₂ v + (1 - β₂) g²
 *     p ← p - lr · (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + eps)
 *
 * With `amsgrad` the greatest v so far takes the place of v (Reddi, Kale, Kumar: On the convergence of Adam and beyond, 2018).
 *
 * Source: Loshchilov, Hutter: Decoupled weight decay regularization (2019); PyTorch's torch.optim.AdamW.
 *
 * @throws ArgumentError for options out of range
 * @example new AdamW(model.parameters(), { lr: 1e-3, weightDecay: 0.05 })
 */
export class AdamW extends AdamFamily {
  constructor(parameters: OptimizerParameters<AdamOptions>, ...rest: AdamArguments) {
    super(takes, [parameters, ...rest], { weightDecay: 0.01, decoupled: true });
  }
}
