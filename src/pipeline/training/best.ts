import type { BestState } from '../checkpoint/metadata.ts';
import type { Evaluation } from './tasks.ts';

export interface BestOptions {
  readonly metric: 'loss' | 'accuracy';
  /** By default a loss should fall, and anything else rise. */
  readonly mode?: 'min' | 'max';
  /** The least improvement that counts; default 0. */
  readonly minDelta?: number;
}

/** The best value of a metric over the epochs, and how long ago it was. A value that is not finite is never better. */
export class Best {
  readonly #options: BestOptions;
  #state: BestState;

  /** @param state of the checkpoint that the training continues from */
  constructor(options: BestOptions, state: BestState = { value: null, epoch: 0, stale: 0 }) {
    this.#options = options;
    this.#state = state;
  }

  /** The factor of a metric by which more is better. */
  static sign({ metric, mode = metric === 'loss' ? 'min' : 'max' }: BestOptions): 1 | -1 {
    return mode === 'min' ? -1 : 1;
  }

  get state(): BestState {
    return this.#state;
  }

  /** Notes an epoch's validation; true where it is better than all before. */
  note(epoch: number, validation: Evaluation): boolean {
    const { metric, minDelta = 0 } = this.#options;
    const value = validation[metric] ?? NaN;
    const sign = Best.sign(this.#options);
    const bar = this.#state.value === null ? -Infinity : sign * this.#state.value + minDelta;
    const better = Number.isFinite(value) && sign * value > bar;
    this.#state = better ? { value, epoch, stale: 0 } : { ...this.#state, stale: this.#state.stale + 1 };
    return better;
  }
}
