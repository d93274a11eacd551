import { type Maybe, signature } from '../../tensor/arguments.ts';
import { REAL } from '../../tensor/kinds.ts';
import type { Optimizer } from '../optimizer.ts';
import { LAST_EPOCH, LRScheduler, OPTIMIZER, requireOption, type SchedulerOptions } from './scheduler.ts';

const takes = signature<{ etaMin?: number } & SchedulerOptions>(
  'CosineAnnealingLR',
  { ...OPTIMIZER, tMax: REAL },
  { etaMin: REAL, ...LAST_EPOCH },
);

/**
 * The rate falls to etaMin along half a cosine over tMax epochs, and rises again afterwards.
 *
 *     lr(e) = etaMin + (lr(0) - etaMin) · (1 + cos(π e / tMax)) / 2
 *
 * Source: Loshchilov, Hutter: SGDR (2017), without the restarts; PyTorch's torch.optim.lr_scheduler.CosineAnnealingLR.
 *
 * @param rest etaMin, in order or by name: defaults to 0
 * @throws ArgumentError for a tMax that is not positive
 * @example new CosineAnnealingLR(optimizer, epochs)
 */
export class CosineAnnealingLR extends LRScheduler {
  readonly #tMax: number;
  readonly #etaMin: number;

  constructor(
    optimizer: Optimizer,
    tMax: number,
    ...rest:
      | [options?: Maybe<{ etaMin?: number } & SchedulerOptions>]
      | [etaMin: Maybe<number>, lastEpoch?: Maybe<number>]
  ) {
    const options = takes([optimizer, tMax, ...rest]);
    super(optimizer, options);
    requireOption(tMax > 0, 'CosineAnnealingLR', 'tMax', 'a positive number of epochs', tMax);
    this.#tMax = tMax;
    this.#etaMin = options.etaMin ?? 0;
    this.start();
  }

  protected override rates(first: boolean): number[] {
    const [epoch, tMax, etaMin] = [this.lastEpoch, this.#tMax, this.#etaMin];
    const height = (at: number): number => 1 + Math.cos((Math.PI * at) / tMax);
    if (epoch === 0) return this.present;
    if (first) return this.baseLrs.map((base) => etaMin + ((base - etaMin) * height(epoch)) / 2);
    // At the minimum the rate is etaMin and does not determine the next one, so the rate restarts from the base.
    if ((epoch - 1 - tMax) % (2 * tMax) === 0) {
      const rise = 1 - Math.cos(Math.PI / tMax);
      return this.present.map((lr, index) => lr + ((this.baseLrs[index]! - etaMin) * rise) / 2);
    }
    return this.present.map((lr) => (height(epoch) / height(epoch - 1)) * (lr - etaMin) + etaMin);
  }
}
