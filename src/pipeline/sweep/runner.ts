import type { TrialState } from './table.ts';
import type { Trial } from './trial.ts';
import type { Validations } from './validations.ts';

/** Called with the validations of a trial that runs, as they become known; false ends the trial. */
export type Judge = (validations: Validations) => boolean;

/** Runs trials: in processes of this machine, or on the workers of a queue. */
export interface TrialRunner {
  /**
   * Runs a trial to its end. What an earlier call has begun is continued; a finished trial is only read. Trials begin in
   * the order of the calls.
   *
   * @param judge `pruned` is the end of a trial for which it returned false; the trial has a checkpoint then
   * @returns how it ended; `waiting` where the sweep was stopped before it began
   * @throws FileError where the trial's folder cannot be written
   */
  run(trial: Trial, judge?: Judge): Promise<TrialState>;
  /** Ends what the runner itself holds open. */
  close(): Promise<void>;
}
