import { randomBytes } from 'node:crypto';
import { open, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { writeError } from './fileError.ts';

/** A name beside `path` that nothing else uses, for what is to be renamed to `path` when it is complete. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
}

/** Whether a name, without its folder, is one that `temporaryName` gives. */
export function isTemporary(name: string): boolean {
  return /^\..+\.[0-9a-f]{12}\.tmp$/.test(name);
}

/**
 * Writes a file so that `path` holds either what it held before or all of `data`, whatever happens: the bytes
 * go to a temporary file in the same folder, reach the disk, and take the name in one step.
 *
 * @param data what it shall hold, in one piece or in parts
 * @throws FileError (disk full, not writable, no such folder); the temporary file is gone by then.
 * @example await writeFileAtomic('runs/latest/summary.json', text)
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | readonly Uint8Array[],
): Promise<void> {
  const temporary = temporaryName(path);
  try {
    const file = await open(temporary, 'wx');
    try {
      await writeFile(file, data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(path, error);
  }
}
