import type { Maybe } from '../tensor/arguments.ts';
import { BOOLEAN, REAL } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Segment } from './flatParameters.ts';
import { MomentOptimizer } from './momentOptimizer.ts';
import { optimizerArguments } from './optimizerArguments.ts';
import type { OptimizerParameters } from './paramGroups.ts';

/** Options of Adagrad. */
export interface AdagradOptions {
  /** Defaults to 0.01. */
  lr?: number;
  /** How fast the rate falls: step t uses lr / (1 + (t - 1) · lrDecay). Defaults to 0. */
  lrDecay?: number;
  /** Added to the gradient as weightDecay · p; defaults to 0. */
  weightDecay?: number;
  /** The sum of squares at the start; defaults to 0. */
  initialAccumulatorValue?: number;
  /** Defaults to 1e-10. */
  eps?: number;
  /** Maximises instead of minimising; defaults to false. */
  maximize?: boolean;
}

const takes = optimizerArguments<AdagradOptions>(
  'Adagrad',
  { lr: REAL, lrDecay: REAL, weightDecay: REAL, initialAccumulatorValue: REAL, eps: REAL, maximize: BOOLEAN },
  5,
);

/**
 * Adagrad: steps scaled by the root of all squared gradients so far, for gradients that are often zero.
 *
 *     g ← g + weightDecay · p,   s ← s + g²
 *     p ← p - lr / (1 + (t - 1) · lrDecay) · g / (√s + eps)
 *
 * Source: Duchi, Hazan, Singer: Adaptive subgradient methods (2011); PyTorch's torch.optim.Adagrad.
 *
 * @throws ArgumentError for options out of range
 * @example new Adagrad(model.parameters(), { lr: 0.01 })
 */
export class Adagrad extends MomentOptimizer<Required<AdagradOptions>> {
  constructor(
    parameters: OptimizerParameters<AdagradOptions>,
    ...rest:
      [options?: Maybe<AdagradOptions>] | [lr: Maybe<number>, options?: Maybe<Omit<AdagradOptions, 'lr'>>]
  ) {
    const defaults = { lr: 0.01, lrDecay: 0, weightDecay: 0, initialAccumulatorValue: 0, eps: 1e-10 };
    super(takes, [parameters, ...rest], { ...defaults, maximize: false });
  }

  protected override form(): 'ADAGRAD' {
    return 'ADAGRAD';
  }

  protected override initial(_name: string, options: Required<AdagradOptions>): number {
    return options.initialAccumulatorValue;
  }

  protected override update(segment: Segment, options: Required<AdagradOptions>, counts?: Tensor): void {
    this.moments('ADAGRAD', segment, options, counts, { decay: () => options.lrDecay });
  }
}
