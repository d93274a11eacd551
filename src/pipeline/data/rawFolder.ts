/** The folder that holds the data set's files, decompressed under their own name or as `.gz`. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { type DataFile, isAbsent, readDataFile } from './dataFile.ts';
import { oneLine } from './errors.ts';
import { storeFile } from '../files/atomicFile.ts';

/** What the folder holds for one file. `changed` covers whatever is there and is not the published file. */
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

/** Looks at one file of the folder, checksum included. Never throws on account of what it finds. */
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
 * Stores a file, decompressed, so that it appears whole or not at all.
 *
 * @throws FileError when the folder cannot be written
 */
export async function storeRawFile(root: string, file: DataFile, bytes: Uint8Array): Promise<void> {
  await storeFile(join(root, file.name), bytes);
}

/** Where one file of the folder is, plain or as `.gz`; undefined where it is neither. */
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
