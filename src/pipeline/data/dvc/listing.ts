import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../errors.ts';
import { readIgnoreRules } from './ignore.ts';

/** More would be a mistake: DVC is slow with many small files, and so is hashing them here. */
const MAX_FILES = 100_000;

/**
 * The files that DVC counts as parts of a directory, as paths from it with `/` between names, in no particular order.
 * Links to files count as files; links to folders are refused.
 *
 * @throws DataError as `hashDirectory`
 */
export async function listDirectory(path: string): Promise<string[]> {
  const ignored = await readIgnoreRules(path);
  const found: string[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readFolder(join(path, folder))) {
      const relpath = `${folder}${decodeName(entry.name, join(path, folder))}`;
      const kind = entry.isSymbolicLink() ? await kindOfTarget(join(path, relpath)) : entry;
      if (ignored(relpath, kind.isDirectory())) continue;
      if (kind.isDirectory() && !entry.isSymbolicLink()) {
        await walk(`${relpath}/`);
      } else if (kind.isFile()) {
        found.push(relpath);
      } else {
        throw new DataError(`${join(path, relpath)}: cannot be versioned`, {
          expected: 'a regular file or a folder',
          got: entry.isSymbolicLink() ? 'a link to something else than a file' : 'something else',
          fix: 'remove it, or name it in .dvcignore',
        });
      }
      if (found.length > MAX_FILES) {
        throw new DataError(`${path}: too many files`, {
          expected: `at most ${MAX_FILES}`,
          fix: 'version archives instead of single small files',
        });
      }
    }
  };
  await walk('');
  return found;
}

async function readFolder(path: string) {
  try {
    return await readdir(path, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    const got = (error as Error).message;
    throw new DataError(`${path}: cannot be listed`, { expected: 'a folder', got }, error);
  }
}

async function kindOfTarget(path: string): Promise<{ isFile(): boolean; isDirectory(): boolean }> {
  return stat(path).catch(() => ({ isFile: () => false, isDirectory: () => false }));
}

function decodeName(name: Buffer, folder: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(name);
  } catch (error) {
    const got = name.toString('latin1');
    throw new DataError(`${folder}: a file name in it is not UTF-8`, { got, fix: 'rename the file' }, error);
  }
}
