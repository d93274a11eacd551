import { guard, live } from '../backend/recorder.ts';
import type { Maybe } from '../tensor/arguments.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { BOOLEAN, REAL } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Segment } from './flatParameters.ts';
import { Optimizer } from './optimizer.ts';
import { optimizerArguments } from './optimizerArguments.ts';
import type { OptimizerParameters } from './paramGroups.ts';

/** Options of SGD. */
export interface SgdOptions {
  /** Defaults to 0.001. */
  lr?: number;
  /** The weight of the previous update; defaults to 0. */
  momentum?: number;
  /** The share of the gradient that momentum ignores; defaults to 0. */
  dampening?: number;
  /** Added to the gradient as weightDecay · p; defaults to 0. */
  weightDecay?: number;
  /** Uses Nesterov's form, which requires momentum > 0 and no dampening; defaults to false. */
  nesterov?: boolean;
  /** Maximises instead of minimising; defaults to false. */
  maximize?: boolean;
}

const takes = optimizerArguments<SgdOptions>(
  'SGD',
  {
    lr: REAL,
    momentum: REAL,
    dampening: REAL,
    weightDecay: REAL,
    nesterov: BOOLEAN,
    maximize: BOOLEAN,
  },
  5,
);

/**
 * Stochastic gradient descent, with momentum, Nesterov's form and weight decay.
 *
 *     g ← g + weightDecay · p,   v ← momentum · v + (1 - dampening) · g,   p ← p - lr · v
 *
 * Source: Sutskever et al.: On the importance of initialization and momentum in deep learning (2013); PyTorch's
 * torch.optim.SGD.
 *
 * @throws ArgumentError for options out of range
 * @example new SGD(model.parameters(), { lr: 0.1, momentum: 0.9 })
 */
export class SGD extends Optimizer<Required<SgdOptions>> {
  constructor(
    parameters: OptimizerParameters<SgdOptions>,
    ...rest: [options?: Maybe<SgdOptions>] | [lr: Maybe<number>, options?: Maybe<Omit<SgdOptions, 'lr'>>]
  ) {
    const defaults = { lr: 0.001, momentum: 0, dampening: 0, weightDecay: 0 };
    super(takes, [parameters, ...rest], { ...defaults, nesterov: false, maximize: false });
  }

  protected override check({ momentum, dampening, nesterov }: Required<SgdOptions>): void {
    if (nesterov && (momentum <= 0 || dampening !== 0)) {
      throw new ArgumentError('SGD', 'nesterov does not fit', {
        takes: 'momentum > 0 and dampening 0 with nesterov',
        got: `momentum ${momentum}, dampening ${dampening}`,
      });
    }
  }

  protected override stateNames(): string[] {
    return this.paramGroups.some(({ momentum }) => momentum > 0) ? ['momentum_buffer'] : [];
  }

  protected override update(segment: Segment, options: Required<SgdOptions>, counts?: Tensor): void {
    const { offset, size } = segment;
    const { gradients, values } = this.flat;
    guard(() => options.momentum > 0);
    values.device.run(
      'sgd',
      {
        gradients: gradients.storage.buffer,
        parameters: values.storage.buffer,
        velocity: this.stateIf(options.momentum > 0, 'momentum_buffer').storage.buffer,
        counts: (counts ?? gradients).storage.buffer,
      },
      {
        size,
        offset,
        sign: live(() => (options.maximize ? -1 : 1)),
        lr: live(() => options.lr),
        momentum: live(() => options.momentum),
        dampening: live(() => options.dampening),
        weightDecay: live(() => options.weightDecay),
        step: this.flat.perStep(segment, (step) => step),
        nesterov: live(() => Number(options.nesterov)),
      },
      { GUARDED: counts !== undefined },
    );
  }
}
