import { guard, live } from '../backend/recorder.ts';
import type { Maybe } from '../tensor/arguments.ts';
import { BOOLEAN, REAL } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Segment } from './flatParameters.ts';
import { Optimizer } from './optimizer.ts';
import { optimizerArguments } from './optimizerArguments.ts';
import type { OptimizerParameters } from './paramGroups.ts';

/** Options of RMSprop. */
export interface RmsPropOptions {
  /** Defaults to 0.01. */
  lr?: number;
  /** Decay of the mean square; defaults to 0.99. */
  alpha?: number;
  /** Defaults to 1e-8. */
  eps?: number;
  /** Added to the gradient as weightDecay · p; defaults to 0. */
  weightDecay?: number;
  /** The weight of the previous update; defaults to 0. */
  momentum?: number;
  /** Scales by the variance instead of the mean square; defaults to false. */
  centered?: boolean;
  /** Maximises instead of minimising; defaults to false. */
  maximize?: boolean;
}

const takes = optimizerArguments<RmsPropOptions>(
  'RMSprop',
  {
    lr: REAL,
    alpha: REAL,
    eps: REAL,
    weightDecay: REAL,
    momentum: REAL,
    centered: BOOLEAN,
    maximize: BOOLEAN,
  },
  6,
);

/**
 * RMSprop: steps scaled by a running root mean square of the gradient.
 *
 *     g ← g + weightDecay · p,   s ← α s + (1 - α) g²,   a ← α a + (1 - α) g
 *     d = g / (√(s - a²) + eps) if centered, otherwise g / (√s + eps)
 *     b ← momentum · b + d,   p ← p - lr · b
 *
 * Source: Hinton: Neural networks for machine learning, lecture 6e (2012); PyTorch's torch.optim.RMSprop.
 *
 * @throws ArgumentError for options out of range
 * @example new RMSprop(model.parameters(), { lr: 1e-3, momentum: 0.9 })
 */
export class RMSprop extends Optimizer<Required<RmsPropOptions>> {
  constructor(
    parameters: OptimizerParameters<RmsPropOptions>,
    ...rest:
      [options?: Maybe<RmsPropOptions>] | [lr: Maybe<number>, options?: Maybe<Omit<RmsPropOptions, 'lr'>>]
  ) {
    const defaults = { lr: 0.01, alpha: 0.99, eps: 1e-8, weightDecay: 0, momentum: 0 };
    super(takes, [parameters, ...rest], { ...defaults, centered: false, maximize: false });
  }

  protected override stateNames(): string[] {
    return [
      'square_avg',
      ...(this.paramGroups.some(({ momentum }) => momentum > 0) ? ['momentum_buffer'] : []),
      ...(this.paramGroups.some(({ centered }) => centered) ? ['grad_avg'] : []),
    ];
  }

  protected override update(
    { offset, size }: Segment,
    options: Required<RmsPropOptions>,
    counts?: Tensor,
  ): void {
    const { gradients, values } = this.flat;
    guard(() => options.momentum > 0);
    guard(() => options.centered);
    values.device.run(
      'rmsprop',
      {
        gradients: gradients.storage.buffer,
        parameters: values.storage.buffer,
        squares: this.state('square_avg').storage.buffer,
        means: this.stateIf(options.centered, 'grad_avg').storage.buffer,
        velocity: this.stateIf(options.momentum > 0, 'momentum_buffer').storage.buffer,
        counts: (counts ?? gradients).storage.buffer,
      },
      {
        size,
        offset,
        sign: live(() => (options.maximize ? -1 : 1)),
        lr: live(() => options.lr),
        alpha: live(() => options.alpha),
        oneMinusAlpha: live(() => 1 - options.alpha),
        eps: live(() => options.eps),
        weightDecay: live(() => options.weightDecay),
        momentum: live(() => options.momentum),
      },
      { CENTERED: options.centered, GUARDED: counts !== undefined },
    );
  }
}
