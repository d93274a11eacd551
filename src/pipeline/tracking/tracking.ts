import type { TrackerName } from '../config/configuration.ts';
import type { JournalRecord } from '../runs/journal/records.ts';
import { errorText } from '../text/errorText.ts';
import type { OpenTracker, TrackedRun, Tracker, Warn } from './tracker.ts';
import { shellWord } from '../text/shellWord.ts';

/** All trackers. A tracker's modules are loaded when it is opened, so trainings without it start sooner. */
export const TRACKERS: Readonly<Record<TrackerName, OpenTracker>> = {
  tensorboard: async (...run) => (await import('./tensorboard/tensorboard.ts')).openTensorboard(...run),
  dvclive: async (...run) => (await import('./dvclive.ts')).openDvclive(...run),
  mlflow: async (...run) => (await import('./mlflow/mlflow.ts')).openMlflow(...run),
  csv: async (...run) => (await import('./csv.ts')).openCsv(...run),
};

/** The trackers of a run that is being trained. */
export interface Tracking {
  /** Queues a record and returns at once. */
  readonly write: (record: JournalRecord) => void;
  /** Waits until the trackers have taken all records. */
  readonly close: () => Promise<void>;
}

/** A tracker that no configuration names, such as the traces of a process: it gets nothing afterwards. */
export interface Observer {
  /** For warnings: `metrics`. */
  readonly name: string;
  readonly open: OpenTracker;
}

/**
 * Opens a run's trackers, and observers beside them. None of them can delay the training or end it: each has its own queue, and one that fails is
 * left out from then on, with a warning that says how to complete it.
 *
 * @param past the records that the journal holds already
 */
export async function startTracking(
  run: TrackedRun,
  past: readonly JournalRecord[],
  warn: Warn,
  observers: readonly Observer[] = [],
): Promise<Tracking> {
  const later = `Afterwards: npx tsx src/runs.ts sync ${shellWord(run.path)}`;
  const queues = [
    ...run.configuration.tracking.map(
      (name) => new Queue({ name, open: TRACKERS[name] }, run, past, warn, later),
    ),
    ...observers.map((observer) => new Queue(observer, run, past, warn)),
  ];
  // A training on the CPU leaves the event loop few turns; loading modules, which takes many, comes before it.
  await Promise.all(queues.map(({ opened }) => opened));
  return {
    write: (record) => {
      for (const queue of queues) queue.write(record);
    },
    close: async () => {
      await Promise.all(queues.map((queue) => queue.close()));
    },
  };
}

class Queue {
  /** Undefined where it could not be opened. */
  readonly opened: Promise<Tracker | undefined>;
  readonly #warn: (error: unknown) => void;
  #failed = false;
  #last: Promise<void> = Promise.resolve();

  constructor(
    { name, open }: Observer,
    run: TrackedRun,
    past: readonly JournalRecord[],
    warn: Warn,
    later: string = '',
  ) {
    this.#warn = (error) => warn(`${name}: ${errorText(error)}\nThe training goes on. ${later}`.trimEnd());
    this.opened = this.#attempt(() => open(run, past, true));
  }

  write(record: JournalRecord): void {
    this.#last = this.#last.then(async () => {
      const tracker = await this.opened;
      if (tracker && !this.#failed) await this.#attempt(() => tracker.write(record));
    });
  }

  /** Also closes the files and connections of a tracker that failed. */
  async close(): Promise<void> {
    await this.#last;
    const tracker = await this.opened;
    await this.#attempt(() => tracker?.close?.());
  }

  /** The result of an action; undefined where it fails. The first failure is reported. */
  async #attempt<T>(action: () => T | Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      if (!this.#failed) this.#warn(error);
      this.#failed = true;
      return undefined;
    }
  }
}
