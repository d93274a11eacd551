import { refuseInCapture } from '../../backend/recorder.ts';
import { type Maybe, signature, takesNothing } from '../../tensor/arguments.ts';
import { NUMBER, oneOf, REAL } from '../../tensor/kinds.ts';
import type { Optimizer } from '../optimizer.ts';
import {
  numberOf,
  numbersOf,
  OPTIMIZER,
  PER_GROUP,
  type PerGroup,
  perGroup,
  requireOption,
  type SchedulerState,
} from './scheduler.ts';

/** Options of ReduceLROnPlateau. */
export interface ReduceLROnPlateauOptions {
  /** Whether the metric should fall (`min`, the default) or rise. */
  mode?: 'min' | 'max';
  /** The factor of the rate at a reduction; defaults to 0.1. */
  factor?: number;
  /** Epochs without improvement before the rate is reduced; defaults to 10. */
  patience?: number;
  /** The smallest change that counts as an improvement; defaults to 1e-4. */
  threshold?: number;
  /** Whether the threshold is relative to the best value (`rel`, the default) or absolute. */
  thresholdMode?: 'rel' | 'abs';
  /** Epochs after a reduction that are not counted; defaults to 0. */
  cooldown?: number;
  /** The minimum rate, one for all groups or one per group; defaults to 0. */
  minLr?: PerGroup;
  /** Smaller changes of the rate are ignored; defaults to 1e-8. */
  eps?: number;
}

const takes = signature<ReduceLROnPlateauOptions>('ReduceLROnPlateau', OPTIMIZER, {
  mode: oneOf('min', 'max'),
  factor: REAL,
  patience: REAL,
  threshold: REAL,
  thresholdMode: oneOf('rel', 'abs'),
  cooldown: REAL,
  minLr: PER_GROUP,
  eps: REAL,
});
const stepArguments = signature('ReduceLROnPlateau.step', { metric: NUMBER });

/**
 * Reduces the rate by a factor if a metric has not improved for some epochs.
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

  constructor(
    optimizer: Optimizer,
    ...rest:
      | [options?: Maybe<ReduceLROnPlateauOptions>]
      | [mode: Maybe<'min' | 'max'>, options?: Maybe<ReduceLROnPlateauOptions>]
      | [mode: Maybe<'min' | 'max'>, factor: Maybe<number>, patience?: Maybe<number>]
  ) {
    const options = takes([optimizer, ...rest]);
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

  /** Records the metric of an epoch, and reduces the rates if necessary. */
  step(metric: number): void {
    stepArguments(arguments);
    refuseInCapture('step() of ReduceLROnPlateau', 'Step the schedule outside.');
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

  /** The current rates, one per group. */
  getLastLr(): number[] {
    takesNothing('getLastLr', arguments);
    return this.#minLrs.map((_, index) => this.optimizer.paramGroups[index]!.lr);
  }

  /** Returns the state for `loadStateDict`: plain values, as JSON. */
  stateDict(): SchedulerState {
    takesNothing('stateDict', arguments);
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
   * Continues from a saved state, and sets the groups' rates.
   *
   * @throws ArgumentError if the state belongs to other groups or another schedule; nothing changes then
   */
  loadStateDict(state: SchedulerState): void {
    refuseInCapture('loadStateDict() of a schedule', 'Load between steps.');
    const rates = numbersOf(state, '_last_lr', this.#minLrs.length);
    const best = state['best'] === null ? this.#worst : numberOf(state, 'best');
    const [lastEpoch, badEpochs, coolingDown] = ['last_epoch', 'num_bad_epochs', 'cooldown_counter'].map(
      (name) => numberOf(state, name),
    ) as [number, number, number];
    this.#best = best;
    this.#lastEpoch = lastEpoch;
    this.#badEpochs = badEpochs;
    this.#coolingDown = coolingDown;
    rates.forEach((rate, index) => (this.optimizer.paramGroups[index]!.lr = rate));
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
    this.#minLrs.forEach((minLr, index) => {
      const group = this.optimizer.paramGroups[index]!;
      const lr = Math.max(group.lr * factor, minLr);
      if (group.lr - lr > eps) group.lr = lr;
    });
  }
}
