import { randomBytes } from 'node:crypto';
import { readdir, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { FileError } from '../../pipeline/files/fileError.ts';
import { makeFolders } from '../../pipeline/files/folders.ts';
import { isLocked, lockFolder } from '../../pipeline/files/lock.ts';

/** `models/NAME/served/VERSION.RANDOM/` is locked by each process that serves the version. */
const SERVED = 'served';

/** Says that a version is no longer served. */
export type Release = () => Promise<void>;

/**
 * Says that this process serves a version, so that the version is not deleted. The mark of a killed process does not
 * count. A model outside the registry, and a registry that this process cannot write, get no mark.
 *
 * @param path the folder of the version
 */
export async function markServed(root: string, path: string): Promise<Release> {
  const model = dirname(resolve(path));
  if (dirname(model) !== resolve(root)) return () => Promise.resolve();
  const mark = join(model, SERVED, `${basename(path)}.${randomBytes(6).toString('hex')}`);
  try {
    makeFolders(mark);
    const unlock = await lockFolder(mark);
    return async () => {
      await unlock();
      await removeEmpty(mark);
    };
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    await removeEmpty(mark);
    return () => Promise.resolve();
  }
}

/** Whether some process serves a version. Marks of processes that are gone are removed. */
export async function isServed(model: string, version: number): Promise<boolean> {
  const marks = await readdir(join(model, SERVED)).catch(() => []);
  for (const name of marks.filter((each) => each.startsWith(`${version}.`))) {
    const mark = join(model, SERVED, name);
    if (await isLocked(mark)) return true;
    await rm(mark, { recursive: true, force: true });
  }
  return false;
}

/** Removes a mark, and the folder of marks after the last one. */
async function removeEmpty(mark: string): Promise<void> {
  for (const folder of [mark, dirname(mark)]) await rmdir(folder).catch(() => undefined);
}
