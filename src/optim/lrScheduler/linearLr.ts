import { type Maybe, signature } from '../../tensor/arguments.ts';
import { REAL } from '../../tensor/kinds.ts';
import type { Optimizer } from '../optimizer.ts';
import { LAST_EPOCH, LRScheduler, OPTIMIZER, requireOption, type SchedulerOptions } from './scheduler.ts';

/** Options of LinearLR. */
export interface LinearLROptions extends SchedulerOptions {
  /** Defaults to 1/3. */
  startFactor?: number;
  /** Defaults to 1. */
  endFactor?: number;
  /** Epochs from the first factor to the last; defaults to 5. */
  totalIters?: number;
}

const takes = signature<LinearLROptions>('LinearLR', OPTIMIZER, {
  startFactor: REAL,
  endFactor: REAL,
  totalIters: REAL,
  ...LAST_EPOCH,
});

/**
 * Multiplies the rate by a factor that changes linearly from one value to another and then stays. By default a warm-up.
 *
 *     lr(e) = lr · (startFactor + (endFactor - startFactor) · min(e, totalIters) / totalIters)
 *
 * Source: PyTorch's torch.optim.lr_scheduler.LinearLR.
 *
 * @throws ArgumentError for factors out of range
 * @example new LinearLR(optimizer, { startFactor: 0.1, totalIters: 10 })
 */
export class LinearLR extends LRScheduler {
  readonly #startFactor: number;
  readonly #endFactor: number;
  readonly #totalIters: number;

  constructor(
    optimizer: Optimizer,
    ...rest:
      | [options?: Maybe<LinearLROptions>]
      | [
          startFactor: Maybe<number>,
          endFactor?: Maybe<number>,
          totalIters?: Maybe<number>,
          lastEpoch?: Maybe<number>,
        ]
  ) {
    const options = takes([optimizer, ...rest]);
    super(optimizer, options);
    const { startFactor = 1 / 3, endFactor = 1, totalIters = 5 } = options;
    requireOption(
      startFactor > 0 && startFactor <= 1,
      'LinearLR',
      'startFactor',
      '0 < startFactor ≤ 1',
      startFactor,
    );
    requireOption(endFactor >= 0 && endFactor <= 1, 'LinearLR', 'endFactor', '0 ≤ endFactor ≤ 1', endFactor);
    this.#startFactor = startFactor;
    this.#endFactor = endFactor;
    this.#totalIters = totalIters;
    this.start();
  }

  protected override rates(): number[] {
    const epoch = this.lastEpoch;
    if (epoch === 0) return this.present.map((lr) => lr * this.#startFactor);
    if (epoch > this.#totalIters) return this.present;
    // The quotient of two consecutive factors.
    const rise = this.#endFactor - this.#startFactor;
    const growth = 1 + rise / (this.#totalIters * this.#startFactor + (epoch - 1) * rise);
    return this.present.map((lr) => lr * growth);
  }
}
