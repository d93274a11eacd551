/** The folder that holds the data set's files, decompressed under their own name or as `.gz`. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { storeFile } from '../files/atomicFile.ts';
import { type DataFile, isAbsent, readDataFile } from './dataFile.ts';
import { oneLine } from './errors.ts';

/** The state of one file of the folder. `changed` is anything but the published file. */
export interface RawFileState {
  readonly file: DataFile;
  readonly state: 'intact' | 'missing' | 'changed';
  /** Where it was found; absent when it is missing. */
  readonly path?: string;
  /** What is wrong, on one line; absent when it is intact. */
  readonly problem?: string;
}

/**
 * Reads and verifies one file of the folder, `<name>` if it exists, `<name>.gz` if not.
 *
 * @returns the decompressed bytes
 * @throws DataError as {@link readDataFile}
 */
export async function readRawFile(root: string, file: DataFile): Promise<Buffer> {
  return readDataFile((await findRawFile(root, file)) ?? join(root, file.name), file);
}

/** Checks one file of the folder. A bad file is no exception. */
export async function inspectRawFile(root: string, file: DataFile): Promise<RawFileState> {
  const path = await findRawFile(root, file);
  if (path === undefined) return { file, state: 'missing', problem: `${join(root, file.name)}: not there` };
  try {
    await readDataFile(path, file);
    return { file, state: 'intact', path };
  } catch (error) {
    return { file, state: 'changed', path, problem: oneLine(error) };
  }
}

/**
 * Stores a decompressed file atomically.
 *
 * @throws FileError when the folder cannot be written
 */
export async function storeRawFile(root: string, file: DataFile, bytes: Uint8Array): Promise<void> {
  await storeFile(join(root, file.name), bytes);
}

/** The path of one file of the folder, plain or as `.gz`; undefined where it is neither. */
export async function findRawFile(root: string, file: DataFile): Promise<string | undefined> {
  for (const name of [file.name, `${file.name}.gz`]) {
    const path = join(root, name);
    try {
      await access(path);
      return path;
    } catch (error) {
      if (!isAbsent(error)) return path;
    }
  }
  return undefined;
}
