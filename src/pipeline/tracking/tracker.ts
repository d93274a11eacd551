import type { Configuration } from '../config/configuration.ts';
import type { LoadedData } from '../data/description.ts';
import type { JournalRecord } from '../runs/journal/records.ts';
import type { Labels } from '../runs/labels.ts';

/** What a tracker knows of its run. */
export interface TrackedRun {
  readonly id: string;
  /** The run's folder. */
  readonly path: string;
  readonly configuration: Configuration;
  /** Its tags and notes. */
  readonly labels: Labels;
  /** The content of `environment.json`. */
  readonly environment: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** The data, to whose training images the row numbers of predictions refer; undefined where they are not available. */
  readonly data: () => Promise<LoadedData | undefined>;
}

/**
 * Writes the records of a run in the format of another tool. Everything comes from the run's folder, so replaying a
 * journal gives what was written during the training.
 */
export interface Tracker {
  /** Takes the next record, one at a time. */
  readonly write: (record: JournalRecord) => void | Promise<void>;
  /** Called once, after the last record. */
  readonly close?: () => Promise<void>;
}

/**
 * Opens a tracker.
 *
 * @param past the records that the journal holds already: those of a resumed run, or all of a replayed one
 * @param live whether more records will come, and a tool may be reading
 */
export type OpenTracker = (
  run: TrackedRun,
  past: readonly JournalRecord[],
  live: boolean,
) => Promise<Tracker> | Tracker;

/** The time of a record, in milliseconds since 1970. */
export function timeOf(run: TrackedRun, { time }: JournalRecord): number {
  return time ?? run.startedAt;
}

/** Gets warnings for the user. */
export type Warn = (text: string) => void;
