import { ADAM, type AdamArguments, AdamFamily, type AdamOptions } from './adamFamily.ts';
import { optimizerArguments } from './optimizerArguments.ts';
import type { OptimizerParameters } from './paramGroups.ts';

const takes = optimizerArguments<AdamOptions>('Adam', ADAM, 5);

/**
 * Adam: steps scaled by running moments of the gradient.
 *
 *     g ← g + weightDecay · p
 *     m ← β₁ m + (1 - β₁) g,   v ← β₂ v + (1 - β₂) g²
 *     p ← p - lr · (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + eps)
 *
 * With `amsgrad` the greatest v so far takes the place of v (Reddi, Kale, Kumar: On the convergence of Adam and beyond, 2018).
 *
 * Source: Kingma, Ba: Adam, a method for stochastic optimization (2015); PyTorch's torch.optim.Adam.
 *
 * @throws ArgumentError for options out of range
 * @example
 * new Adam(model.parameters(), { lr: 1e-3 });
 * new Adam([{ params: body }, { params: head, lr: 1e-2 }], { weightDecay: 1e-4 });
 */
export class Adam extends AdamFamily {
  constructor(parameters: OptimizerParameters<AdamOptions>, ...rest: AdamArguments) {
    super(takes, [parameters, ...rest], { weightDecay: 0, decoupled: false });
  }
}
