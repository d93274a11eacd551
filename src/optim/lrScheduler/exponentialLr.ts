import type { Optimizer } from '../optimizer.ts';
import { LRScheduler, type SchedulerOptions } from './scheduler.ts';

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

  constructor(optimizer: Optimizer, gamma: number, options: SchedulerOptions = {}) {
    super(optimizer, options);
    this.#gamma = gamma;
    this.start();
  }

  protected override rates(): number[] {
    return this.present.map((lr) => (this.lastEpoch === 0 ? lr : lr * this.#gamma));
  }
}
