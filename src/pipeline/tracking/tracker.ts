import type { ImageSet } from '../data/fashionMnist.ts';
import type { Configuration } from '../config/configuration.ts';
import type { JournalRecord } from '../runs/journal/records.ts';

/** What a tracker knows of the run that it shows. */
export interface TrackedRun {
  readonly id: string;
  /** The run's folder. */
  readonly path: string;
  readonly configuration: Configuration;
  /** The content of `environment.json`. */
  readonly environment: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** The images that the row numbers of predictions belong to; undefined where they cannot be had. */
  readonly trainImages: () => Promise<ImageSet | undefined>;
}

/**
 * A reader of a run's journal that writes what another tool shows. It derives all from the run's folder, so that
 * replaying a journal gives what was written while the run was trained.
 */
export interface Tracker {
  /** Takes the next record; records come one after another. */
  readonly record: (record: JournalRecord) => void | Promise<void>;
  /** Called once, after the last record. */
  readonly close: () => void | Promise<void>;
}

/**
 * Opens a tracker.
 *
 * @param past what the journal holds already: a resumed run's, or all of a run that is replayed
 * @param live whether more will come, and a tool may be reading along
 */
export type OpenTracker = (
  run: TrackedRun,
  past: readonly JournalRecord[],
  live: boolean,
) => Promise<Tracker> | Tracker;

/** Milliseconds since 1970 at which something was recorded. */
export function timeOf(run: TrackedRun, { time }: JournalRecord): number {
  return time ?? run.startedAt;
}

/** Tells the user what went wrong without ending anything. */
export type Warn = (text: string) => void;
