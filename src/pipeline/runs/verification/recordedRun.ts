import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readJson } from '../../files/json.ts';
import { type MetricsRecord, readJournal } from '../journal/journal.ts';

/** What a run recorded, for comparison. */
export interface RecordedRun {
  readonly records: readonly MetricsRecord[];
  readonly environment: Readonly<Record<string, unknown>>;
  /** Hash of the final weights; null where the run did not finish, or `maxMinutes` ended it. */
  readonly weightsSha256: string | null;
}

const anyObject: z.ZodType<Record<string, unknown>> = z.record(z.string(), z.unknown());
const summarySchema: z.ZodType<{ weightsSha256: string; stopped: string }> = z.object({
  weightsSha256: z.string(),
  stopped: z.string(),
});

/**
 * Reads the records of a run, finished or not.
 *
 * @param path the run's folder
 * @throws FileError where a file is missing or corrupt; only the summary may be missing
 */
export async function readRecordedRun(path: string): Promise<RecordedRun> {
  const file = join(path, 'summary.json');
  const summary = existsSync(file) ? await readJson(file, summarySchema, 'a summary') : undefined;
  return {
    records: readJournal(join(path, 'metrics.jsonl')),
    environment: await readJson(join(path, 'environment.json'), anyObject, 'an environment'),
    weightsSha256: summary === undefined || summary.stopped === 'maxMinutes' ? null : summary.weightsSha256,
  };
}
