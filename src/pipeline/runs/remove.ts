import { existsSync } from 'node:fs';
import { readlink, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { temporaryName } from '../files/atomicFile.ts';
import { FileError, writeError } from '../files/fileError.ts';
import { lockFolder } from '../files/lock.ts';
import { isRunId, resolveRun } from './directory.ts';

/**
 * The folder of a run that may be removed.
 *
 * @throws FileError where `reference` does not name a run that lies directly in the folder of runs
 */
export async function removableRun(root: string, reference: string): Promise<string> {
  const path = await realpath(await resolveRun(root, reference));
  if (dirname(path) !== (await realpath(root))) {
    throw new FileError(path, `does not lie directly in ${root}, so it is not removed; --runs names its folder`);
  }
  const hasRecords = ['config.yaml', 'metrics.jsonl'].some((name) => existsSync(join(path, name)));
  if (!isRunId(basename(path)) || !hasRecords) {
    throw new FileError(path, 'is no run, so it is not removed');
  }
  return path;
}

/**
 * Removes a run's folder atomically (other processes see all of it or nothing), and `latest` where it points to it.
 *
 * @throws LockedError while the run is being trained; FileError where it cannot be removed
 */
export async function removeRun(path: string): Promise<void> {
  const unlock = await lockFolder(path);
  const removed = temporaryName(path);
  try {
    await rename(path, removed);
  } catch (error) {
    await unlock();
    throw writeError(path, error);
  }
  const latest = join(dirname(path), 'latest');
  if ((await readlink(latest).catch(() => undefined)) === basename(path)) await rm(latest, { force: true });
  try {
    await rm(removed, { recursive: true, force: true });
  } catch (error) {
    throw writeError(removed, error);
  }
}
