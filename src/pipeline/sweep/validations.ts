import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { WgradError } from '../../backend/errors.ts';
import { readJournal } from '../runs/journal/journal.ts';
import { Best } from '../training/best.ts';
import type { Trial } from './trial.ts';

/** The validations of a trial until now, by the measure that ranks trials. */
export interface Validations {
  /** The last epoch that was validated; 0 before the first. */
  readonly epoch: number;
  /** The epochs that were better than all before them, with their values. */
  readonly best: readonly (readonly [epoch: number, value: number])[];
}

export const validationsSchema: z.ZodType<Validations> = z.object({
  epoch: z.int().min(0),
  best: z.array(z.tuple([z.int().min(1), z.number()])).max(100_000),
});

/** The best value of the epochs up to one; undefined where none is finite. */
export function bestUntil({ best }: Validations, epoch: number): number | undefined {
  return best.findLast(([at]) => at <= epoch)?.[1];
}

/** The validations that the journal of a trial holds; none where there is no journal. */
export function validationsOf({ path, configuration }: Trial): Validations {
  const best = new Best(configuration.train.best);
  const improved: [number, number][] = [];
  let last = 0;
  for (const { epoch, metrics } of validationRecords(path)) {
    last = epoch;
    if (best.note(epoch, metrics)) improved.push([epoch, best.state.value!]);
  }
  return { epoch: last, best: improved };
}

/** Calls `changed` with the validations of a trial that runs, after each new one. */
export function watchValidations(trial: Trial, changed: (validations: Validations) => void): FSWatcher {
  let last = 0;
  // The checkpoint of an epoch follows its validation.
  const watcher = watch(join(trial.path, 'checkpoints'), () => {
    const validations = validationsOf(trial);
    if (validations.epoch === last) return;
    last = validations.epoch;
    changed(validations);
  });
  // A folder that has gone: what was missed is seen when the trial ends.
  return watcher.on('error', () => undefined);
}

function validationRecords(path: string): { epoch: number; metrics: { loss: number; accuracy?: number } }[] {
  try {
    const records = readJournal(join(path, 'metrics.jsonl')).filter(({ kind }) => kind === 'validation');
    return records.map(({ epoch, metrics }) => ({ epoch, metrics: { loss: NaN, ...metrics } }));
  } catch (error) {
    // A trial that has no journal, or one that is being replaced.
    if (error instanceof WgradError) return [];
    throw error;
  }
}
