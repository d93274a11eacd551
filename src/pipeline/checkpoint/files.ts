import { copyFile, link, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryName } from '../files/atomicFile.ts';
import { type Checkpoint, readCheckpoint } from './checkpoint.ts';
import { FileError, writeError } from '../files/fileError.ts';

/** The newest checkpoint of a run. */
export const LAST = 'last.safetensors';
/** The one with the best validation. */
export const BEST = 'best.safetensors';

const OLDER = /^step-(\d{8,})\.safetensors$/;

/**
 * Links the newest checkpoint to its later name, `step-00000430.safetensors`, and removes the oldest ones. To be called
 * before a new one replaces it, so that there is always one.
 *
 * @param step of the newest checkpoint
 * @param keep the number of checkpoints, including the new one
 */
export async function retireLast(folder: string, step: number, keep: number): Promise<void> {
  const path = join(folder, `step-${String(step).padStart(8, '0')}.safetensors`);
  if (keep > 1) {
    const last = join(folder, LAST);
    const temporary = temporaryName(path);
    try {
      // Not every file system has hard links.
      await link(last, temporary).catch(() => copyFile(last, temporary));
      await rename(temporary, path);
    } catch (error) {
      throw writeError(path, error);
    } finally {
      // Where both names are links to one file, rename does nothing, and the temporary name stays.
      await rm(temporary, { force: true });
    }
  }
  const older = await olderCheckpoints(folder);
  for (const name of older.slice(keep - 1)) await rm(join(folder, name), { force: true });
}

/**
 * The newest intact checkpoint; undefined where there is none yet.
 *
 * @param refused called with the problem of each newer one
 * @throws FileError when there are checkpoints, and none is intact
 */
export async function newestCheckpoint(
  folder: string,
  refused: (reason: string) => void,
): Promise<Checkpoint | undefined> {
  const names = await readdir(folder).catch(() => [] as string[]);
  const candidates = [...names.filter((name) => name === LAST), ...(await olderCheckpoints(folder))];
  for (const name of candidates) {
    try {
      return await readCheckpoint(join(folder, name));
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      refused(error.message);
    }
  }
  if (candidates.length === 0) return undefined;
  throw new FileError(folder, 'has no intact checkpoint to continue from; start a new run');
}

/** The names of checkpoints that are not the newest, newest first. */
async function olderCheckpoints(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [] as string[]);
  const step = (name: string): number => Number(OLDER.exec(name)![1]);
  return names.filter((name) => OLDER.test(name)).sort((a, b) => step(b) - step(a));
}
