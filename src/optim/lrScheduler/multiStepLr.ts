import { type Maybe, signature } from '../../tensor/arguments.ts';
import { REAL, SIZES } from '../../tensor/kinds.ts';
import type { Optimizer } from '../optimizer.ts';
import { LAST_EPOCH, LRScheduler, OPTIMIZER, type SchedulerOptions } from './scheduler.ts';

const takes = signature<{ gamma?: number } & SchedulerOptions>(
  'MultiStepLR',
  { ...OPTIMIZER, milestones: SIZES },
  { gamma: REAL, ...LAST_EPOCH },
);

/**
 * Multiplies the rate by gamma at each milestone.
 *
 * Source: PyTorch's torch.optim.lr_scheduler.MultiStepLR.
 *
 * @param milestones epochs; one that is named twice counts twice
 * @param rest gamma, in order or by name: defaults to 0.1
 * @example new MultiStepLR(optimizer, [30, 80])
 */
export class MultiStepLR extends LRScheduler {
  readonly #milestones: readonly number[];
  readonly #gamma: number;

  constructor(
    optimizer: Optimizer,
    milestones: readonly number[],
    ...rest:
      | [options?: Maybe<{ gamma?: number } & SchedulerOptions>]
      | [gamma: Maybe<number>, lastEpoch?: Maybe<number>]
  ) {
    const options = takes([optimizer, milestones, ...rest]);
    super(optimizer, options);
    this.#milestones = [...milestones];
    this.#gamma = options.gamma ?? 0.1;
    this.start();
  }

  protected override rates(): number[] {
    const falls = this.#milestones.filter((each) => each === this.lastEpoch).length;
    return this.present.map((lr) => (falls === 0 ? lr : lr * this.#gamma ** falls));
  }
}
