import { readFile, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Backend } from '../../../backend/backend.ts';
import { writeFileAtomic } from '../../files/atomicFile.ts';
import { tuningRecord } from './identity.ts';
import type { TuningSource } from './stored.ts';

/** The file of a run's folder that holds which kernels its device chose. */
const TUNING_FILE = 'tuning.json';

/**
 * Keeps in a run's folder which kernels the device chooses, so that the run can go on, and be done again, with the same
 * bits, whatever is tuned in the meantime.
 *
 * @throws FileError where it cannot be written
 */
export async function keepTuning(folder: string, { info, tuning }: Backend): Promise<void> {
  const path = join(folder, TUNING_FILE);
  if (tuning) await writeFileAtomic(path, `${JSON.stringify(tuningRecord(info, tuning.choices), null, 2)}\n`);
  else await rm(path, { force: true });
}

/**
 * What a device for a run takes its choices from: what the run has kept. A run without that file had the built-in rules;
 * one that has not started takes what is stored.
 */
export async function tuningOf(folder: string): Promise<TuningSource> {
  const path = join(folder, TUNING_FILE);
  if (!existsSync(path)) return existsSync(join(folder, 'environment.json')) ? 'built-in' : 'stored';
  // What is no JSON is no record either: the device says so, and takes what is stored.
  const record: unknown = await readFile(path, 'utf8')
    .then((text) => JSON.parse(text) as unknown)
    .catch(() => undefined);
  return { record, of: path };
}
