import type { TrackerName } from '../config/configuration.ts';
import type { JournalRecord } from '../runs/journal/records.ts';
import type { OpenTracker, TrackedRun, Tracker, Warn } from './tracker.ts';

/** All trackers; what one needs is loaded when it is opened, so that trainings without it start no later. */
export const TRACKERS: Readonly<Record<TrackerName, OpenTracker>> = {
  tensorboard: async (...run) => (await import('./tensorboard/tensorboard.ts')).openTensorboard(...run),
  dvclive: async (...run) => (await import('./dvclive.ts')).openDvclive(...run),
  mlflow: async (...run) => (await import('./mlflow/mlflow.ts')).openMlflow(...run),
  csv: async (...run) => (await import('./csv.ts')).openCsv(...run),
};

/** What trackers show beyond metrics, which has to be computed for them. */
export function insightsFor(names: readonly TrackerName[]): { predictions: boolean; histograms: boolean } {
  return {
    predictions: names.some((name) => name !== 'csv'),
    histograms: names.includes('tensorboard'),
  };
}

/** All trackers of a run that is being trained. */
export interface Tracking {
  /** Hands a record on and returns at once. */
  readonly record: (record: JournalRecord) => void;
  /** Waits until the trackers have taken all records. */
  readonly close: () => Promise<void>;
}

/**
 * Opens a run's trackers. None of them can hold up the training or end it: each works through its own queue, and one
 * that fails is left out from then on, with a warning that says how to make up for it.
 *
 * @param past the records that the journal holds already
 * @param warn told what went wrong
 */
export async function startTracking(
  run: TrackedRun,
  past: readonly JournalRecord[],
  warn: Warn,
): Promise<Tracking> {
  const queues = run.configuration.tracking.map((name) => new Queue(name, run, past, warn));
  // A training on the CPU leaves the event loop few turns: what takes many, such as loading modules, comes before it.
  await Promise.all(queues.map(({ opened }) => opened));
  return {
    record: (record) => {
      for (const queue of queues) queue.record(record);
    },
    close: async () => {
      await Promise.all(queues.map((queue) => queue.close()));
    },
  };
}

class Queue {
  /** Undefined where it could not be opened. */
  readonly opened: Promise<Tracker | undefined>;
  readonly #fail: (error: unknown) => void;
  #failed = false;
  #last: Promise<void>;

  constructor(name: TrackerName, run: TrackedRun, past: readonly JournalRecord[], warn: Warn) {
    this.#fail = (error) => {
      if (!this.#failed) {
        const reason = error instanceof Error ? error.message : String(error);
        warn(`${name}: ${reason}\nThe training goes on. Afterwards: npx tsx src/runs.ts sync ${run.id}`);
      }
      this.#failed = true;
    };
    this.opened = (async () => TRACKERS[name](run, past, true))().catch((error: unknown) => {
      this.#fail(error);
      return undefined;
    });
    this.#last = this.opened.then(() => undefined);
  }

  record(record: JournalRecord): void {
    this.#then((tracker) => tracker.record(record));
  }

  async close(): Promise<void> {
    await this.#last;
    // Whatever failed before, files and connections are to be closed.
    const tracker = await this.opened;
    try {
      await tracker?.close();
    } catch (error) {
      this.#fail(error);
    }
  }

  #then(action: (tracker: Tracker) => void | Promise<void>): void {
    this.#last = this.#last.then(async () => {
      const tracker = await this.opened;
      if (!tracker || this.#failed) return;
      try {
        await action(tracker);
      } catch (error) {
        this.#fail(error);
      }
    });
  }
}
