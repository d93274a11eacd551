import type { Optimizer } from '../optimizer.ts';
import { LRScheduler, requireOption, type SchedulerOptions } from './scheduler.ts';

/**
 * Multiplies the rate by gamma every stepSize epochs.
 *
 *     lr(e) = lr(0) · gamma^⌊e / stepSize⌋
 *
 * Source: PyTorch's torch.optim.lr_scheduler.StepLR.
 *
 * @param options.gamma defaults to 0.1
 * @throws ArgumentError for a stepSize that is not a positive integer
 * @example new StepLR(optimizer, 30, { gamma: 0.1 })
 */
export class StepLR extends LRScheduler {
  readonly #stepSize: number;
  readonly #gamma: number;

  constructor(optimizer: Optimizer, stepSize: number, options: { gamma?: number } & SchedulerOptions = {}) {
    super(optimizer, options);
    const fits = Number.isSafeInteger(stepSize) && stepSize > 0;
    requireOption(fits, 'StepLR', 'stepSize', 'a positive integer', stepSize);
    this.#stepSize = stepSize;
    this.#gamma = options.gamma ?? 0.1;
    this.start();
  }

  protected override rates(): number[] {
    const falls = this.lastEpoch > 0 && this.lastEpoch % this.#stepSize === 0;
    return this.present.map((lr) => (falls ? lr * this.#gamma : lr));
  }
}
