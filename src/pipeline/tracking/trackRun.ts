import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Module } from '../../nn/index.ts';
import type { Position } from '../checkpoint/checkpoint.ts';
import { taskOf } from '../config/task.ts';
import type { Part } from '../data/datasets.ts';
import { type EndRecord, type Journal, openJournal, readRecords } from '../runs/journal/journal.ts';
import { countConfusions, parameterHistograms } from './insights.ts';
import { readTrackedRun } from './trackedRun.ts';
import type { Warn } from './tracker.ts';
import { type Observer, startTracking } from './tracking.ts';

/** The journal of a run that is being trained; its trackers get the same records. */
export interface RunTracking {
  readonly journal: Journal;
  /** Records, after an epoch, what the run's trackers show beside metrics. */
  readonly recordInsights: (position: Position, model: Module, validation: Part) => Promise<void>;
  /** Records how the training ended, waits for the trackers, and closes the journal. */
  readonly end: (status: EndRecord['status']) => Promise<void>;
}

/**
 * Opens the journal of a run, and starts its trackers.
 *
 * @param path the run's folder, which holds its configuration and environment
 * @param warn called where a tracker fails, which never ends the training
 * @param observers get the records as trackers do
 * @throws FileError where the journal cannot be opened
 */
export async function trackRun(
  path: string,
  warn: Warn,
  observers: readonly Observer[] = [],
): Promise<RunTracking> {
  const file = join(path, 'metrics.jsonl');
  const run = await readTrackedRun(path, warn);
  const past = existsSync(file) ? readRecords(file) : [];
  const tracking = await startTracking(run, past, warn, observers);
  let last: Position = past.at(-1) ?? { epoch: 0, step: 0 };
  const journal = openJournal(file, {
    clock: Date.now,
    listener: (record) => {
      last = record;
      tracking.write(record);
    },
  });
  const { tracking: names, model: described } = run.configuration;
  const isClassifier = taskOf(described) === 'classification';
  return {
    journal,
    async recordInsights({ epoch, step }, model, validation) {
      if (isClassifier && names.some((name) => name !== 'csv') && validation.rows.length > 0) {
        journal.append({ kind: 'predictions', epoch, step, ...(await countConfusions(model, validation)) });
      }
      if (names.includes('tensorboard')) {
        journal.append({ kind: 'histograms', epoch, step, histograms: await parameterHistograms(model) });
      }
    },
    async end(status) {
      try {
        journal.append({ kind: 'end', epoch: last.epoch, step: last.step, status });
      } catch (error) {
        // The error that ended the training is thrown, and matters more.
        warn((error as Error).message);
      }
      await tracking.close();
      journal.close();
    },
  };
}
