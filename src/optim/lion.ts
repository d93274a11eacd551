import type { Maybe } from '../tensor/arguments.ts';
import { BOOLEAN, REAL } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Segment } from './flatParameters.ts';
import { BETAS, MomentOptimizer } from './momentOptimizer.ts';
import { optimizerArguments } from './optimizerArguments.ts';
import type { OptimizerParameters } from './paramGroups.ts';

/** Options of Lion. */
export interface LionOptions {
  /** Defaults to 1e-4: a third to a tenth of a good rate for Adam. */
  lr?: number;
  /** The share of the mean in a step, and the decay of the mean; defaults to [0.9, 0.99]. */
  betas?: readonly [number, number];
  /** Shrinks p by lr · weightDecay; defaults to 0. */
  weightDecay?: number;
  /** Maximises instead of minimising; defaults to false. */
  maximize?: boolean;
}

const takes = optimizerArguments<LionOptions>(
  'Lion',
  { lr: REAL, betas: BETAS, weightDecay: REAL, maximize: BOOLEAN },
  3,
);

/**
 * Lion: steps of the same size for all parameters, in the direction of the sign of the mean gradient. It keeps half of
 * Adam's state.
 *
 *     p ← p · (1 - lr · weightDecay) - lr · sign(β₁ m + (1 - β₁) g)
 *     m ← β₂ m + (1 - β₂) g
 *
 * Source: Chen et al.: Symbolic discovery of optimization algorithms (2023).
 *
 * @throws ArgumentError for options out of range
 * @example new Lion(model.parameters(), { lr: 1e-4, weightDecay: 0.1 })
 */
export class Lion extends MomentOptimizer<Required<LionOptions>> {
  constructor(
    parameters: OptimizerParameters<LionOptions>,
    ...rest: [options?: Maybe<LionOptions>] | [lr: Maybe<number>, options?: Maybe<Omit<LionOptions, 'lr'>>]
  ) {
    super(takes, [parameters, ...rest], { lr: 1e-4, betas: [0.9, 0.99], weightDecay: 0, maximize: false });
  }

  protected override form(): 'LION' {
    return 'LION';
  }

  protected override update(segment: Segment, options: Required<LionOptions>, counts?: Tensor): void {
    this.moments('LION', segment, options, counts, { decoupled: true });
  }
}
