import type { Optimizer } from '../optimizer.ts';
import {
  numberOf,
  numbersOf,
  type PerGroup,
  perGroup,
  requireOption,
  type SchedulerState,
} from './scheduler.ts';

/** Options of ReduceLROnPlateau. */
export interface ReduceLROnPlateauOptions {
  /** Whether the metric should fall (`min`, the default) or rise. */
  mode?: 'min' | 'max';
  /** What the rate is multiplied by; defaults to 0.1. */
  factor?: number;
  /** Epochs without progress that are borne; defaults to 10. */
  patience?: number;
  /** How much better counts as progress; defaults to 1e-4. */
  threshold?: number;
  /** Relative to the best so far (`rel`, the default), or absolute. */
  thresholdMode?: 'rel' | 'abs';
  /** Epochs after a reduction in which nothing is counted; defaults to 0. */
  cooldown?: number;
  /** The least rate, one for all groups or one each; defaults to 0. */
  minLr?: PerGroup;
  /** A smaller change of the rate is not made; defaults to 1e-8. */
  eps?: number;
}

/**
 * The rate times a factor, when a metric has made no progress for some epochs.
 *
 * Source: PyTorch's torch.optim.lr_scheduler.ReduceLROnPlateau.
 *
 * @throws ArgumentError for options out of range
 * @example
 * const schedule = new ReduceLROnPlateau(optimizer, { patience: 3 });
 * schedule.step(validationLoss);
 */
export class ReduceLROnPlateau {
  readonly optimizer: Optimizer;
  readonly #options: Required<Omit<ReduceLROnPlateauOptions, 'minLr'>>;
  readonly #minLrs: readonly number[];
  #best: number;
  #badEpochs = 0;
  #coolingDown = 0;
  #lastEpoch = 0;

  constructor(optimizer: Optimizer, options: ReduceLROnPlateauOptions = {}) {
    const { mode = 'min', factor = 0.1, patience = 10, threshold = 1e-4 } = options;
    const { thresholdMode = 'rel', cooldown = 0, minLr = 0, eps = 1e-8 } = options;
    const name = 'ReduceLROnPlateau';
    requireOption(factor >= 0 && factor < 1, name, 'factor', '0 ≤ factor < 1', factor);
    requireOption(['min', 'max'].includes(mode), name, 'mode', "'min' or 'max'", mode);
    requireOption(
      ['rel', 'abs'].includes(thresholdMode),
      name,
      'thresholdMode',
      "'rel' or 'abs'",
      thresholdMode,
    );
    this.optimizer = optimizer;
    this.#options = { mode, factor, patience, threshold, thresholdMode, cooldown, eps };
    this.#minLrs = perGroup(name, 'minLr', optimizer, minLr);
    this.#best = this.#worst;
  }

  /** Notes an epoch's metric, and reduces the rates when it is time. */
  step(metric: number): void {
    const { patience, cooldown } = this.#options;
    this.#lastEpoch++;
    if (this.#isBetter(metric)) {
      this.#best = metric;
      this.#badEpochs = 0;
    } else {
      this.#badEpochs++;
    }
    if (this.#coolingDown > 0) {
      this.#coolingDown--;
      this.#badEpochs = 0;
    }
    if (this.#badEpochs > patience) {
      this.#reduce();
      this.#coolingDown = cooldown;
      this.#badEpochs = 0;
    }
  }

  /** The present rates, one a group. */
  getLastLr(): number[] {
    return this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  /** What `loadStateDict` needs to go on from here: plain values, as JSON takes them. */
  stateDict(): SchedulerState {
    return {
      last_epoch: this.#lastEpoch,
      // JSON has no infinity.
      best: Number.isFinite(this.#best) ? this.#best : null,
      num_bad_epochs: this.#badEpochs,
      cooldown_counter: this.#coolingDown,
      _last_lr: this.getLastLr(),
    };
  }

  /**
   * Goes on where the state was saved: sets the groups' rates, too.
   *
   * @throws ArgumentError when the state belongs to other groups, or another schedule; nothing is changed then
   */
  loadStateDict(state: SchedulerState): void {
    const rates = numbersOf(state, '_last_lr', this.#minLrs.length);
    const best = state['best'] === null ? this.#worst : numberOf(state, 'best');
    const [lastEpoch, badEpochs, coolingDown] = ['last_epoch', 'num_bad_epochs', 'cooldown_counter'].map(
      (name) => numberOf(state, name),
    ) as [number, number, number];
    this.#best = best;
    this.#lastEpoch = lastEpoch;
    this.#badEpochs = badEpochs;
    this.#coolingDown = coolingDown;
    this.optimizer.paramGroups.forEach((group, index) => (group.lr = rates[index]!));
  }

  get #worst(): number {
    return this.#options.mode === 'min' ? Infinity : -Infinity;
  }

  #isBetter(metric: number): boolean {
    const { mode, threshold, thresholdMode } = this.#options;
    const best = this.#best;
    if (mode === 'min') return metric < (thresholdMode === 'rel' ? best * (1 - threshold) : best - threshold);
    return metric > (thresholdMode === 'rel' ? best * (threshold + 1) : best + threshold);
  }

  #reduce(): void {
    const { factor, eps } = this.#options;
    this.optimizer.paramGroups.forEach((group, index) => {
      const lr = Math.max(group.lr * factor, this.#minLrs[index]!);
      if (group.lr - lr > eps) group.lr = lr;
    });
  }
}
