import { effect, refuseInCapture } from '../../backend/recorder.ts';
import { type Kind, kindOf, signature, takesNothing } from '../../tensor/arguments.ts';
import { ArgumentError } from '../../tensor/errors.ts';
import { listOf, SIZES } from '../../tensor/kinds.ts';
import type { Optimizer } from '../optimizer.ts';
import { LRScheduler, numberOf, OPTIMIZER, type SchedulerState } from './scheduler.ts';

const SCHEDULERS: Kind = listOf({
  takes: 'a schedule',
  fits: (value) => value instanceof LRScheduler,
});
const takes = signature('SequentialLR', { ...OPTIMIZER, schedulers: SCHEDULERS, milestones: SIZES });

/**
 * One schedule after another, for example a warm-up and then a decay. Each starts at its milestone, from its own first
 * rate.
 *
 * Source: PyTorch's torch.optim.lr_scheduler.SequentialLR.
 *
 * @param milestones the epochs at which the second schedule and those after it start
 * @throws ArgumentError unless the schedules are for this optimizer, and there is one milestone less than schedules
 * @example
 * const warmUp = new LinearLR(optimizer, { totalIters: 5 });
 * new SequentialLR(optimizer, [warmUp, new CosineAnnealingLR(optimizer, 95)], [5]);
 */
export class SequentialLR {
  readonly optimizer: Optimizer;
  /** Steps taken since the start. */
  lastEpoch = 0;
  readonly #schedulers: readonly LRScheduler[];
  readonly #milestones: readonly number[];

  constructor(optimizer: Optimizer, schedulers: readonly LRScheduler[], milestones: readonly number[]) {
    takes(arguments);
    const fits = schedulers.every((each) => each.optimizer === optimizer);
    if (!fits || schedulers.length === 0 || milestones.length !== schedulers.length - 1) {
      throw new ArgumentError('SequentialLR', 'the schedules do not fit', {
        takes: 'schedules of this optimizer, and one milestone less',
        got: `${schedulers.length} schedules${fits ? '' : ', some of another optimizer'}, ${milestones.length} milestones`,
      });
    }
    this.optimizer = optimizer;
    this.#schedulers = [...schedulers];
    this.#milestones = [...milestones];
    schedulers[0]!.restart();
  }

  /** Moves to the next epoch, or step, and sets its rates. Call it after `optimizer.step()`. */
  step(): void {
    takesNothing('step', arguments);
    let before: SchedulerState;
    effect(
      () => {
        before = this.stateDict();
        this.lastEpoch++;
        if (this.#milestones.includes(this.lastEpoch)) this.#present.restart();
        else this.#present.step();
      },
      () => this.loadStateDict(before),
    );
  }

  /** The last rates, one per group. */
  getLastLr(): number[] {
    takesNothing('getLastLr', arguments);
    return this.#present.getLastLr();
  }

  /** Returns the state for `loadStateDict`: plain values, as JSON. */
  stateDict(): SchedulerState {
    takesNothing('stateDict', arguments);
    return { last_epoch: this.lastEpoch, _schedulers: this.#schedulers.map((each) => each.stateDict()) };
  }

  /**
   * Continues from a saved state, and sets the groups' rates.
   *
   * @throws ArgumentError if the state belongs to other schedules
   */
  loadStateDict(state: SchedulerState): void {
    refuseInCapture('loadStateDict() of a schedule', 'Load between steps.');
    const states: unknown = (state as SchedulerState | undefined)?.['_schedulers'];
    if (arguments.length !== 1 || !Array.isArray(states) || states.length !== this.#schedulers.length) {
      throw new ArgumentError('loadStateDict', 'not the state of this schedule', {
        takes: `the states of ${this.#schedulers.length} schedules`,
        got: kindOf(state),
      });
    }
    this.lastEpoch = numberOf(state, 'last_epoch');
    const own = states as SchedulerState[];
    this.#schedulers.forEach((each, index) => each.loadStateDict(own[index]!));
    // The rates are those of the present schedule, which must be the last that sets them.
    this.#present.loadStateDict(own[this.#schedulers.indexOf(this.#present)]!);
  }

  get #present(): LRScheduler {
    return this.#schedulers[this.#milestones.filter((each) => each <= this.lastEpoch).length]!;
  }
}
