import { type Maybe, signature } from '../../tensor/arguments.ts';
import { REAL } from '../../tensor/kinds.ts';
import type { Optimizer } from '../optimizer.ts';
import { LAST_EPOCH, LRScheduler, OPTIMIZER, requireOption, type SchedulerOptions } from './scheduler.ts';

const takes = signature<{ gamma?: number } & SchedulerOptions>(
  'StepLR',
  { ...OPTIMIZER, stepSize: REAL },
  { gamma: REAL, ...LAST_EPOCH },
);

/**
 * Multiplies the rate by gamma every stepSize epochs.
 *
 *     lr(e) = lr(0) · gamma^⌊e / stepSize⌋
 *
 * Source: PyTorch's torch.optim.lr_scheduler.StepLR.
 *
 * @param rest gamma, in order or by name: defaults to 0.1
 * @throws ArgumentError for a stepSize that is not a positive integer
 * @example new StepLR(optimizer, 30, { gamma: 0.1 })
 */
export class StepLR extends LRScheduler {
  readonly #stepSize: number;
  readonly #gamma: number;

  constructor(
    optimizer: Optimizer,
    stepSize: number,
    ...rest:
      | [options?: Maybe<{ gamma?: number } & SchedulerOptions>]
      | [gamma: Maybe<number>, lastEpoch?: Maybe<number>]
  ) {
    const options = takes([optimizer, stepSize, ...rest]);
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
