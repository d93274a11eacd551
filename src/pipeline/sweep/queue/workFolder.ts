import { randomUUID } from 'node:crypto';
import { readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeFolders } from '../../files/folders.ts';
import { isLocked, lockFolder } from '../../files/lock.ts';

/**
 * Calls `action` with a folder for the trials at work, and removes it afterwards; so are the folders that killed workers of
 * this machine left.
 *
 * @param root where the folders of workers are; default: in the folder for temporary files
 * @throws FileError where it cannot be written
 */
export async function withWorkFolder<T>(
  root: string = join(tmpdir(), 'wgrad-workers'),
  action: (folder: string) => Promise<T>,
): Promise<T> {
  makeFolders(root);
  for (const name of await readdir(root)) {
    const left = join(root, name);
    if (/^worker-/.test(name) && !(await isLocked(left))) await rm(left, { recursive: true, force: true });
  }
  const folder = resolve(root, `worker-${randomUUID()}`);
  // It is locked before it has a name that another worker would clean up.
  const unnamed = resolve(root, `.${randomUUID()}`);
  makeFolders(unnamed);
  await lockFolder(unnamed);
  await rename(unnamed, folder);
  try {
    return await action(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
