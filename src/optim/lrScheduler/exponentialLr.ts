import { type Maybe, signature } from '../../tensor/arguments.ts';
import { REAL } from '../../tensor/kinds.ts';
import type { Optimizer } from '../optimizer.ts';
import { LAST_EPOCH, LRScheduler, OPTIMIZER, type SchedulerOptions } from './scheduler.ts';

const takes = signature<SchedulerOptions>('ExponentialLR', { ...OPTIMIZER, gamma: REAL }, LAST_EPOCH);

/**
 * Multiplies the rate by gamma every epoch.
 *
 *     lr(e) = lr(0) · gamma^e
 *
 * Source: PyTorch's torch.optim.lr_scheduler.ExponentialLR.
 *
 * @example new ExponentialLR(optimizer, 0.95)
 */
export class ExponentialLR extends LRScheduler {
  readonly #gamma: number;

  constructor(
    optimizer: Optimizer,
    gamma: number,
    ...rest: [options?: Maybe<SchedulerOptions>] | [lastEpoch: Maybe<number>]
  ) {
    const options = takes([optimizer, gamma, ...rest]);
    super(optimizer, options);
    this.#gamma = gamma;
    this.start();
  }

  protected override rates(): number[] {
    return this.present.map((lr) => (this.lastEpoch === 0 ? lr : lr * this.#gamma));
  }
}
