import { effect, refuseInCapture } from '../../backend/recorder.ts';
import { type Kind, kindOf, takesNothing } from '../../tensor/arguments.ts';
import { ArgumentError } from '../../tensor/errors.ts';
import { INTEGER, listOf, REAL } from '../../tensor/kinds.ts';
import { Optimizer } from '../optimizer.ts';

/** The state of a schedule, by PyTorch's names: plain values, as JSON. */
export interface SchedulerState {
  readonly [name: string]: number | null | readonly number[] | readonly SchedulerState[];
}

/** The arguments that every schedule takes, and the kinds of those that several take. */
export const OPTIMIZER: { readonly optimizer: Kind } = {
  optimizer: { takes: 'an optimizer', fits: (value) => value instanceof Optimizer },
};
export const LAST_EPOCH: { readonly lastEpoch: Kind } = { lastEpoch: INTEGER };
export const PER_GROUP: Kind = {
  takes: 'a number, or a list of numbers',
  fits: (value) => REAL.fits(value) || listOf(REAL).fits(value),
};

/** Options of every schedule except OneCycleLR and ReduceLROnPlateau. */
export interface SchedulerOptions {
  /** The last finished epoch, for groups that have an `initialLr`. -1 (default) starts from the current rates. */
  lastEpoch?: number;
}

/**
 * Changes the learning rates of an optimizer's groups at each `step()`, except of those that are added later.
 *
 * Most rules compute the next rate from the current one, as PyTorch's do, so several schedules can work on one
 * optimizer. To continue from a checkpoint, create optimizer and schedule as for a new training, and then load both
 * states.
 */
export abstract class LRScheduler {
  readonly optimizer: Optimizer;
  /** Steps taken since the start. */
  lastEpoch: number;
  protected baseLrs: number[];
  #lastLr: number[] = [];

  /** The subclass calls `start()` at the end of its constructor. */
  constructor(optimizer: Optimizer, { lastEpoch = -1 }: SchedulerOptions = {}) {
    this.optimizer = optimizer;
    this.lastEpoch = lastEpoch;
    this.baseLrs = optimizer.paramGroups.map((group) => {
      // A schedule that follows another one keeps its base, as in PyTorch.
      if (lastEpoch === -1) group.initialLr ??= group.lr;
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

  /** Goes back to epoch 0 and its rates. */
  restart(): void {
    takesNothing('restart', arguments);
    this.lastEpoch = -1;
    this.#set([...this.baseLrs]);
    this.#advance(true);
  }

  /** Moves to the next epoch, or step, and sets its rates. Call it after `optimizer.step()`. */
  step(): void {
    takesNothing('step', arguments);
    let before: SchedulerState = {};
    effect(
      () => {
        before = this.stateDict();
        this.#advance(false);
      },
      () => this.loadStateDict(before),
    );
  }

  /** The last rates, one per group. */
  getLastLr(): number[] {
    takesNothing('getLastLr', arguments);
    return [...this.#lastLr];
  }

  /** The rates of epoch `lastEpoch`, one per group, from the current ones. */
  protected abstract rates(first: boolean): number[];

  /** Returns the state for `loadStateDict`: plain values, as JSON. */
  stateDict(): SchedulerState {
    takesNothing('stateDict', arguments);
    return { last_epoch: this.lastEpoch, base_lrs: [...this.baseLrs], _last_lr: [...this.#lastLr] };
  }

  /**
   * Continues from a saved state, and sets the groups' rates.
   *
   * @throws ArgumentError if the state belongs to other groups; nothing changes then
   */
  loadStateDict(state: SchedulerState): void {
    refuseInCapture('loadStateDict() of a schedule', 'Load between steps.');
    const rates = numbersOf(state, '_last_lr', this.baseLrs.length);
    const baseLrs = numbersOf(state, 'base_lrs', this.baseLrs.length);
    this.lastEpoch = numberOf(state, 'last_epoch');
    this.baseLrs = baseLrs;
    baseLrs.forEach((base, index) => (this.optimizer.paramGroups[index]!.initialLr = base));
    this.#set(rates);
  }

  /** The current rates of the groups that it schedules. */
  protected get present(): number[] {
    return this.optimizer.paramGroups.slice(0, this.baseLrs.length).map(({ lr }) => lr);
  }

  #advance(first: boolean): void {
    this.lastEpoch++;
    this.#set(this.rates(first));
  }

  #set(rates: number[]): void {
    rates.forEach((rate, index) => (this.optimizer.paramGroups[index]!.lr = rate));
    this.#lastLr = rates;
  }
}

/** A number, or one number per group. */
export type PerGroup = number | readonly number[];

/** One number per group. Throws ArgumentError for a list of another length. */
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

/** Throws ArgumentError unless an option is valid. */
export function requireOption(
  fits: boolean,
  scheduler: string,
  name: string,
  takes: string,
  got: unknown,
): void {
  if (fits) return;
  throw new ArgumentError(scheduler, `invalid ${name}`, { takes, got: `${name} ${kindOf(got)}` });
}

/** Reads a number of a saved state. */
export function numberOf(state: SchedulerState, name: string): number {
  const value = fieldOf(state, name);
  if (typeof value === 'number') return value;
  throw stateError(`a number ${name}`, state);
}

/** Reads a list of a saved state. */
export function numbersOf(state: SchedulerState, name: string, length: number): number[] {
  const value = fieldOf(state, name);
  if (Array.isArray(value) && value.length === length && value.every((each) => typeof each === 'number')) {
    return [...value];
  }
  throw stateError(`${length} numbers ${name}`, state);
}

function fieldOf(state: SchedulerState | null | undefined, name: string): unknown {
  return state?.[name];
}

function stateError(takes: string, state: SchedulerState): ArgumentError {
  return new ArgumentError('loadStateDict', 'not the state of this schedule', {
    takes,
    got: kindOf(state),
  });
}
