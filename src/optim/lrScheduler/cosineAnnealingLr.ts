import type { Optimizer } from '../optimizer.ts';
import { LRScheduler, requireOption, type SchedulerOptions } from './scheduler.ts';

/**
 * The rate falls to etaMin along half a cosine over tMax epochs, and rises again afterwards.
 *
 *     lr(e) = etaMin + (lr(0) - etaMin) · (1 + cos(π e / tMax)) / 2
 *
 * Source: Loshchilov, Hutter: SGDR (2017), without the restarts; PyTorch's torch.optim.lr_scheduler.CosineAnnealingLR.
 *
 * @param options.etaMin defaults to 0
 * @throws ArgumentError for a tMax that is not positive
 * @example new CosineAnnealingLR(optimizer, epochs)
 */
export class CosineAnnealingLR extends LRScheduler {
  readonly #tMax: number;
  readonly #etaMin: number;

  constructor(optimizer: Optimizer, tMax: number, options: { etaMin?: number } & SchedulerOptions = {}) {
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
