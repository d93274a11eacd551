import type { TrialState } from './table.ts';
import type { Trial } from './trial.ts';

/** Gives a sweep its trials. */
export interface TrialSource {
  /** The trials that are known before any runs. */
  readonly trials: readonly Trial[];
  /** How many there will be at most. */
  readonly total: number;
  /** How many are asked for at a time. */
  readonly lanes: number;
  /** The keys that differ between trials. */
  readonly varied: readonly string[];
  /**
   * The next trial, those of `trials` first; undefined where there are no more.
   *
   * @throws ConfigurationError where it is invalid
   */
  next(): Promise<Trial | undefined>;
  /** Tells how a trial ended. */
  ended(state: TrialState): Promise<void>;
}

/** The trials of a plan, all of them at once. */
export function plannedSource(trials: readonly Trial[], varied: readonly string[]): TrialSource {
  let next = 0;
  return {
    trials,
    total: trials.length,
    lanes: trials.length,
    varied,
    next: () => Promise.resolve(trials[next++]),
    ended: () => Promise.resolve(),
  };
}
