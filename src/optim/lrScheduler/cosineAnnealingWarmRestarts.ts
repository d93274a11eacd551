import { type Maybe, signature } from '../../tensor/arguments.ts';
import { INTEGER, REAL } from '../../tensor/kinds.ts';
import type { Optimizer } from '../optimizer.ts';
import { LAST_EPOCH, LRScheduler, OPTIMIZER, requireOption, type SchedulerOptions } from './scheduler.ts';

/** Options of CosineAnnealingWarmRestarts. */
export interface WarmRestartsOptions extends SchedulerOptions {
  /** The factor by which each cycle is longer than the one before; 1 by default. */
  tMult?: number;
  /** The rate at the end of each cycle; 0 by default. */
  etaMin?: number;
}

const takes = signature<WarmRestartsOptions>(
  'CosineAnnealingWarmRestarts',
  { ...OPTIMIZER, t0: INTEGER },
  { tMult: INTEGER, etaMin: REAL, ...LAST_EPOCH },
);

/**
 * The rate falls to etaMin along half a cosine, and then starts again, in cycles of t0, t0 · tMult, t0 · tMult², … epochs.
 *
 * Source: Loshchilov, Hutter: SGDR (2017); PyTorch's torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.
 *
 * @throws ArgumentError unless t0 and tMult are positive
 * @example new CosineAnnealingWarmRestarts(optimizer, 10, { tMult: 2 })
 */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  readonly #t0: number;
  readonly #tMult: number;
  readonly #etaMin: number;

  constructor(
    optimizer: Optimizer,
    t0: number,
    ...rest:
      | [options?: Maybe<WarmRestartsOptions>]
      | [tMult: Maybe<number>, etaMin?: Maybe<number>, lastEpoch?: Maybe<number>]
  ) {
    const options = takes([optimizer, t0, ...rest]);
    super(optimizer, options);
    const { tMult = 1, etaMin = 0 } = options;
    for (const [name, value] of Object.entries({ t0, tMult })) {
      requireOption(value > 0, 'CosineAnnealingWarmRestarts', name, 'a positive integer', value);
    }
    this.#t0 = t0;
    this.#tMult = tMult;
    this.#etaMin = etaMin;
    this.start();
  }

  protected override rates(): number[] {
    let [epoch, length] = [this.lastEpoch, this.#t0];
    if (this.#tMult === 1) epoch %= length;
    else for (; epoch >= length; length *= this.#tMult) epoch -= length;
    const height = (1 + Math.cos((Math.PI * epoch) / length)) / 2;
    return this.baseLrs.map((base) => this.#etaMin + (base - this.#etaMin) * height);
  }
}
