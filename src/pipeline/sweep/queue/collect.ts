import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FileError } from '../../files/fileError.ts';
import { LockedError, lockFolder } from '../../files/lock.ts';
import type { RunSummary } from '../../runs/summary.ts';
import type { ArtifactStore } from '../artifacts/store.ts';
import { TrialArtifacts } from '../artifacts/trialArtifacts.ts';
import { prepareTrial, type Trial, trialSummary } from '../trial.ts';

/** Milliseconds before a folder is looked at again that another process is writing. */
const POLL = 300;
/** Looks after which the user is told. */
const LONG = 10;

/**
 * Copies a finished trial from the store into its run folder, where all commands find it, with the configuration that this
 * machine has for it.
 *
 * @returns its summary; undefined where the store has no usable result, which is removed then
 */
export async function collect(
  store: ArtifactStore,
  trial: Trial,
  warn: (line: string) => void,
): Promise<RunSummary | undefined> {
  const known = await trialSummary(trial);
  if (known) return known;
  const artifacts = new TrialArtifacts(store, trial.id);
  await prepareTrial(trial);
  for (let look = 1; ; look++) {
    try {
      const unlock = await lockFolder(trial.path);
      try {
        if (!(await artifacts.restoreResult(trial.path, ['config.yaml']))) return undefined;
        const summary = await trialSummary(trial);
        if (!summary) throw new FileError(join(trial.path, 'summary.json'), 'is no summary of a run');
        return summary;
      } finally {
        await unlock();
      }
    } catch (error) {
      if (error instanceof LockedError) {
        if (look === LONG) warn(`${error.message}; waiting for it`);
        await sleep(POLL);
      } else if (error instanceof FileError && error.code === undefined) {
        warn(`warning: ${error.message}\nThe trial runs again.`);
        await artifacts.forgetResult();
        return undefined;
      } else throw error;
    }
  }
}
