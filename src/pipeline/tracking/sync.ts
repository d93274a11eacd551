import { join } from 'node:path';
import type { TrackerName } from '../config/configuration.ts';
import { type JournalRecord, readRecords } from '../runs/journal/journal.ts';
import { lockFolder } from '../files/lock.ts';
import { readTrackedRun } from './trackedRun.ts';
import type { Warn } from './tracker.ts';
import { TRACKERS } from './tracking.ts';

/**
 * Replays a run's journal into trackers: rewrites their files, and sends what a server has not received.
 *
 * @param path the run's folder
 * @param names default: the trackers of its configuration
 * @param warn called where something is left out
 * @returns the names of the trackers
 * @throws LockedError while the run is being trained; FileError, MlflowError where a tracker fails
 */
export async function syncRun(
  path: string,
  names: readonly TrackerName[] | undefined,
  warn: Warn,
): Promise<readonly TrackerName[]> {
  const unlock = await lockFolder(path);
  try {
    const run = await readTrackedRun(path, warn);
    const records = closed(readRecords(join(path, 'metrics.jsonl')));
    const wanted = names ?? run.configuration.tracking;
    for (const name of wanted) {
      const tracker = await TRACKERS[name](run, records, false);
      await tracker.close?.();
    }
    return wanted;
  } finally {
    await unlock();
  }
}

/** Adds the end that a killed run did not record: it was interrupted after its last record. */
function closed(records: JournalRecord[]): JournalRecord[] {
  const last = records.at(-1);
  if (!last || last.kind === 'end') return records;
  const { epoch, step, time } = last;
  const at = { epoch, step, ...(time !== undefined && { time }) };
  return [...records, { kind: 'end', ...at, status: 'interrupted' }];
}
