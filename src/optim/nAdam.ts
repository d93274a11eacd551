import type { Maybe } from '../tensor/arguments.ts';
import { BOOLEAN, REAL } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Segment } from './flatParameters.ts';
import { BETAS, MomentOptimizer } from './momentOptimizer.ts';
import { optimizerArguments } from './optimizerArguments.ts';
import type { OptimizerParameters } from './paramGroups.ts';

/** Options of NAdam. */
export interface NAdamOptions {
  /** Defaults to 0.002. */
  lr?: number;
  /** Decay of the mean and of the uncentred variance; defaults to [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Defaults to 1e-8. */
  eps?: number;
  /** Added to the gradient as weightDecay · p; defaults to 0. */
  weightDecay?: number;
  /** How fast the momentum μ grows to beta1; defaults to 0.004. */
  momentumDecay?: number;
  /** Maximises instead of minimising; defaults to false. */
  maximize?: boolean;
}

const takes = optimizerArguments<NAdamOptions>(
  'NAdam',
  { lr: REAL, betas: BETAS, eps: REAL, weightDecay: REAL, momentumDecay: REAL, maximize: BOOLEAN },
  5,
);

/**
 * NAdam: Adam with Nesterov's momentum.
 *
 *     g ← g + weightDecay · p
 *     m ← β₁ m + (1 - β₁) g,   v ← β₂ v + (1 - β₂) g²
 *     μₜ = β₁ (1 - 0.96^(t · momentumDecay) / 2),   Πₜ = μ₁ · … · μₜ
 *     p ← p - lr · (μₜ₊₁ m / (1 - Πₜ₊₁) + (1 - μₜ) g / (1 - Πₜ)) / (√(v / (1 - β₂ᵗ)) + eps)
 *
 * Source: Dozat: Incorporating Nesterov momentum into Adam (2016); PyTorch's torch.optim.NAdam.
 *
 * @throws ArgumentError for options out of range
 * @example new NAdam(model.parameters(), { lr: 2e-3 })
 */
export class NAdam extends MomentOptimizer<Required<NAdamOptions>> {
  constructor(
    parameters: OptimizerParameters<NAdamOptions>,
    ...rest: [options?: Maybe<NAdamOptions>] | [lr: Maybe<number>, options?: Maybe<Omit<NAdamOptions, 'lr'>>]
  ) {
    const defaults = { lr: 0.002, betas: [0.9, 0.999] as const, eps: 1e-8, weightDecay: 0 };
    super(takes, [parameters, ...rest], { ...defaults, momentumDecay: 0.004, maximize: false });
  }

  protected override form(): 'NADAM' {
    return 'NADAM';
  }

  protected override initial(name: string): number {
    return name === 'mu_product' ? 1 : 0;
  }

  protected override update(segment: Segment, options: Required<NAdamOptions>, counts?: Tensor): void {
    this.moments('NADAM', segment, options, counts, { decay: () => Math.log(0.96) * options.momentumDecay });
  }
}
