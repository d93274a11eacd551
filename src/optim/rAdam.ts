import type { Maybe } from '../tensor/arguments.ts';
import { BOOLEAN, REAL } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Segment } from './flatParameters.ts';
import { BETAS, MomentOptimizer } from './momentOptimizer.ts';
import { optimizerArguments } from './optimizerArguments.ts';
import type { OptimizerParameters } from './paramGroups.ts';

/** Options of RAdam. */
export interface RAdamOptions {
  /** Defaults to 0.001. */
  lr?: number;
  /** Decay of the mean and of the uncentred variance; defaults to [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Defaults to 1e-8. */
  eps?: number;
  /** Added to the gradient as weightDecay · p; defaults to 0. */
  weightDecay?: number;
  /** Maximises instead of minimising; defaults to false. */
  maximize?: boolean;
}

const takes = optimizerArguments<RAdamOptions>(
  'RAdam',
  { lr: REAL, betas: BETAS, eps: REAL, weightDecay: REAL, maximize: BOOLEAN },
  4,
);

/**
 * Rectified Adam: the first steps, as long as the variance is not known well enough, are those of momentum alone.
 *
 *     g ← g + weightDecay · p
 *     m ← β₁ m + (1 - β₁) g,   v ← β₂ v + (1 - β₂) g²
 *     ρ∞ = 2 / (1 - β₂) - 1,   ρ = ρ∞ - 2 t β₂ᵗ / (1 - β₂ᵗ)
 *     r = √((ρ - 4) (ρ - 2) ρ∞ / ((ρ∞ - 4) (ρ∞ - 2) ρ))
 *     p ← p - lr · m / (1 - β₁ᵗ) · (ρ > 5 ? r · √(1 - β₂ᵗ) / (√v + eps) : 1)
 *
 * Source: Liu et al.: On the variance of the adaptive learning rate and beyond (2020); PyTorch's torch.optim.RAdam.
 *
 * @throws ArgumentError for options out of range
 * @example new RAdam(model.parameters(), { lr: 1e-3 })
 */
export class RAdam extends MomentOptimizer<Required<RAdamOptions>> {
  constructor(
    parameters: OptimizerParameters<RAdamOptions>,
    ...rest: [options?: Maybe<RAdamOptions>] | [lr: Maybe<number>, options?: Maybe<Omit<RAdamOptions, 'lr'>>]
  ) {
    const defaults = { lr: 0.001, betas: [0.9, 0.999] as const, eps: 1e-8, weightDecay: 0, maximize: false };
    super(takes, [parameters, ...rest], defaults);
  }

  protected override form(): 'RADAM' {
    return 'RADAM';
  }

  protected override update(segment: Segment, options: Required<RAdamOptions>, counts?: Tensor): void {
    this.moments('RADAM', segment, options, counts);
  }
}
