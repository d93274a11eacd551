import { ArgumentError } from '../../tensor/errors.ts';
import type { Optimizer } from '../optimizer.ts';

/** What a schedule needs to go on, by PyTorch's names: plain values, as JSON takes them. */
export type SchedulerState = Readonly<Record<string, number | null | readonly number[]>>;

/** Options of every schedule but OneCycleLR and ReduceLROnPlateau. */
export interface SchedulerOptions {
  /** The last epoch that is done, for groups that have an `initialLr`; -1 (default) starts from the present rates. */
  lastEpoch?: number;
}

/**
 * Changes the learning rates of an optimizer's groups, once a `step()`.
 *
 * Most rules make the next rate from the present one, as PyTorch's do, so that several schedules can work on one
 * optimizer. To go on from a checkpoint, make optimizer and schedule as for a new training and then load both states.
 */
export abstract class LRScheduler {
  readonly optimizer: Optimizer;
  /** Steps taken since the start. */
  lastEpoch: number;
  protected baseLrs: number[];
  #lastLr: number[] = [];

  /** Ready once the subclass has called `start()`, at the end of its constructor. */
  constructor(optimizer: Optimizer, { lastEpoch = -1 }: SchedulerOptions = {}) {
    this.optimizer = optimizer;
    this.lastEpoch = lastEpoch;
    this.baseLrs = optimizer.paramGroups.map((group) => {
      if (lastEpoch === -1) group.initialLr = group.lr;
      if (group.initialLr !== undefined) return group.initialLr;
      throw new ArgumentError('lrScheduler', 'initialLr is missing', {
        takes: 'groups with an initialLr if lastEpoch is given',
        got: `lastEpoch ${lastEpoch}`,
      });
    });
  }

  /** Sets the first rates. */
  protected start(): void {
    this.#advance(true);
  }

  /** Moves to the next epoch, or step, and sets its rates. Call it after `optimizer.step()`. */
  step(): void {
    this.#advance(false);
  }

  /** The rates set last, one a group. */
  getLastLr(): number[] {
    return [...this.#lastLr];
  }

  /** The rates of epoch `lastEpoch`, one a group, from the present ones. */
  protected abstract rates(first: boolean): number[];

  /** What `loadStateDict` needs to go on from here: plain values, as JSON takes them. */
  stateDict(): SchedulerState {
    return { last_epoch: this.lastEpoch, base_lrs: [...this.baseLrs], _last_lr: [...this.#lastLr] };
  }

  /**
   * Goes on where the state was saved: sets the groups' rates, too.
   *
   * @throws ArgumentError when the state belongs to other groups; nothing is changed then
   */
  loadStateDict(state: SchedulerState): void {
    const rates = numbersOf(state, '_last_lr', this.baseLrs.length);
    const baseLrs = numbersOf(state, 'base_lrs', this.baseLrs.length);
    this.lastEpoch = numberOf(state, 'last_epoch');
    this.baseLrs = baseLrs;
    this.optimizer.paramGroups.forEach((group, index) => (group.initialLr = baseLrs[index]!));
    this.#set(rates);
  }

  /** The present rates. */
  protected get present(): number[] {
    return this.optimizer.paramGroups.map(({ lr }) => lr);
  }

  #advance(first: boolean): void {
    this.lastEpoch++;
    this.#set(this.rates(first));
  }

  #set(rates: number[]): void {
    this.optimizer.paramGroups.forEach((group, index) => (group.lr = rates[index]!));
    this.#lastLr = rates;
  }
}

/** A number, or one for each group. */
export type PerGroup = number | readonly number[];

/** One number a group; throws ArgumentError for a list of another length. */
export function perGroup(
  scheduler: string,
  name: string,
  { paramGroups }: Optimizer,
  value: PerGroup,
): number[] {
  if (typeof value === 'number') return paramGroups.map(() => value);
  if (value.length === paramGroups.length) return [...value];
  throw new ArgumentError(scheduler, `${name} does not fit`, {
    takes: `a number, or ${paramGroups.length} numbers, one per group`,
    got: `${value.length} numbers`,
  });
}

/** Throws ArgumentError unless an option is as it should be. */
export function requireOption(
  fits: boolean,
  scheduler: string,
  name: string,
  takes: string,
  got: unknown,
): void {
  if (fits) return;
  throw new ArgumentError(scheduler, `invalid ${name}`, { takes, got: `${name} ${String(got)}` });
}

/** A number of a saved state. */
export function numberOf(state: SchedulerState, name: string): number {
  const value = state[name];
  if (typeof value === 'number') return value;
  throw stateError(`a number ${name}`, state);
}

/** A list of a saved state. */
export function numbersOf(state: SchedulerState, name: string, length: number): number[] {
  const value = state[name];
  if (Array.isArray(value) && value.length === length && value.every((each) => typeof each === 'number')) {
    return [...value];
  }
  throw stateError(`${length} numbers ${name}`, state);
}

function stateError(takes: string, state: SchedulerState): ArgumentError {
  return new ArgumentError('loadStateDict', 'not the state of this schedule', {
    takes,
    got: JSON.stringify(state),
  });
}
