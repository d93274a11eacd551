import type { BestState } from '../checkpoint/metadata.ts';
import type { Evaluation } from './evaluate.ts';

/** Whether a metric should fall or rise. */
export type Mode = 'min' | 'max';

export interface BestOptions {
  readonly metric: keyof Evaluation;
  /** By default what the metric asks for: a loss should fall, all else rise. */
  readonly mode?: Mode;
  /** How much better counts as progress; anything better by default. */
  readonly minDelta?: number;
}

/** The best value of a metric over the epochs, and how long ago it was. What is not finite is never better. */
export class Best {
  readonly #options: BestOptions;
  #state: BestState = { value: null, epoch: 0, stale: 0 };

  constructor(options: BestOptions) {
    this.#options = options;
  }

  /** What to multiply a metric by so that more is better. */
  static sign({ metric, mode = metric === 'loss' ? 'min' : 'max' }: BestOptions): 1 | -1 {
    return mode === 'min' ? -1 : 1;
  }

  get state(): BestState {
    return this.#state;
  }

  /** Goes on from a state. */
  load(state: BestState): void {
    this.#state = state;
  }

  /** Notes an epoch's validation; true where it is better than all before. */
  note(epoch: number, validation: Evaluation): boolean {
    const { metric, minDelta = 0 } = this.#options;
    const value = validation[metric];
    const sign = Best.sign(this.#options);
    const bar = this.#state.value === null ? -Infinity : sign * this.#state.value + minDelta;
    const better = Number.isFinite(value) && sign * value > bar;
    this.#state = better ? { value, epoch, stale: 0 } : { ...this.#state, stale: this.#state.stale + 1 };
    return better;
  }
}
