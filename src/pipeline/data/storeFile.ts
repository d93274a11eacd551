import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { DataError } from './errors.ts';
import { makeFolders } from '../files/folders.ts';

/** A folder that cannot be written: no other source would help. */
export class StoreError extends DataError {
  override readonly name: string = 'StoreError';
}

/**
 * Stores a file so that it appears whole or not at all: it is written under a temporary name beside it,
 * flushed and renamed. Folders that are missing are made.
 *
 * @throws StoreError when it cannot be written; what `path` held before is still there then
 */
export async function storeFile(path: string, bytes: Uint8Array | string): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    makeFolders(folder);
    try {
      const handle = await open(temporary, 'wx');
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(temporary, path);
    } finally {
      await rm(temporary, { force: true });
    }
  } catch (error) {
    throw new StoreError(
      `${path}: cannot be written`,
      {
        got: (error as Error).message,
        fix: 'free some space, or choose a folder that you may write with --root',
      },
      { cause: error },
    );
  }
}
