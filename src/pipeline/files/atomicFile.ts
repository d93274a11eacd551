import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { replaceFile, temporaryName } from '../../platform/node/files.ts';
import { writeError } from './fileError.ts';
import { makeFolders } from './folders.ts';

export { temporaryName } from '../../platform/node/files.ts';

/** Whether a name, without its folder, is one that `temporaryName` gives. */
export function isTemporary(name: string): boolean {
  return /^\..+\.[0-9a-f]{12}\.tmp$/.test(name);
}

/**
 * Writes a file so that `path` always holds either its old content or all of `data`: the bytes go to a temporary file
 * in the same folder, are flushed to the disk, and the file is renamed.
 *
 * @param data the content, in one piece or in parts
 * @throws FileError (disk full, not writable, no such folder); the temporary file is removed
 * @example await writeFileAtomic('runs/latest/summary.json', text)
 */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array | readonly Uint8Array[],
): Promise<void> {
  await replaceFile(path, data).catch((error: unknown) => {
    throw writeError(path, error);
  });
}

/** As `writeFileAtomic`; makes the folder first where it is missing. */
export async function storeFile(path: string, data: string | Uint8Array): Promise<void> {
  makeFolders(dirname(path));
  await writeFileAtomic(path, data);
}

/**
 * Writes several files of a folder, which is made where it is missing: all of them are complete on the disk before the first is
 * renamed to its name, so that an interruption leaves the old files.
 *
 * @throws FileError; the temporary files are removed
 */
export async function storeFiles(folder: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  makeFolders(folder);
  const written: { readonly path: string; readonly temporary: string }[] = [];
  let path = folder;
  try {
    for (const [name, bytes] of files) {
      path = join(folder, name);
      const temporary = temporaryName(path);
      written.push({ path, temporary });
      await replaceFile(temporary, bytes);
    }
    for (const each of written) {
      path = each.path;
      await rename(each.temporary, path);
    }
  } catch (error) {
    for (const { temporary } of written) await rm(temporary, { force: true }).catch(() => undefined);
    throw writeError(path, error);
  }
}
