import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type MetricsRecord, readJournal } from '../journal/journal.ts';
import { readJsonFile } from '../../files/jsonFile.ts';

/** What a run left to compare with. */
export interface Recording {
  readonly records: readonly MetricsRecord[];
  readonly environment: Readonly<Record<string, unknown>>;
  /** Hash of the final weights; null where the run did not come to its end, or its time was up. */
  readonly weightsSha256: string | null;
}

const environmentSchema: z.ZodType<Recording['environment']> = z.record(z.string(), z.unknown());
const summarySchema: z.ZodType<{ weightsSha256: string; stopped: string }> = z.object({
  weightsSha256: z.string(),
  stopped: z.string(),
});

/**
 * Reads what a run recorded. It may lack a summary, as not every run comes to its end.
 *
 * @param path the run's folder
 * @throws FileError where a file is missing or corrupt
 */
export async function readRecording(path: string): Promise<Recording> {
  const summary = join(path, 'summary.json');
  const isFinished = await access(summary).then(
    () => true,
    () => false,
  );
  const end = isFinished ? await readJsonFile(summary, summarySchema, 'a summary') : undefined;
  return {
    records: readJournal(join(path, 'metrics.jsonl')),
    environment: await readJsonFile(join(path, 'environment.json'), environmentSchema, 'an environment'),
    weightsSha256: end === undefined || end.stopped === 'maxMinutes' ? null : end.weightsSha256,
  };
}
