import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { DataError } from '../errors.ts';
import { MOST_BYTES, readLimited } from '../own/parts.ts';
import { isZip, readZipFile, zipNames } from './zip.ts';

/** A file that was given, or one in an archive that was given. */
export interface Offer {
  /** Its name without folders. */
  readonly name: string;
  /** Names it in messages. */
  readonly label: string;
  /** Its path; undefined for a file in an archive. */
  readonly path: string | undefined;
  /** Its bytes, as they are stored. @throws DataError where they cannot be read, or are more than `most` */
  readonly read: (most: number) => Promise<Uint8Array>;
}

/**
 * The files at some paths; a zip archive stands for the files in it.
 *
 * @throws DataError for what cannot be read, or a damaged archive
 */
export async function offersAt(paths: readonly string[]): Promise<Offer[]> {
  const offers = await Promise.all(paths.map((path) => offersOf(path)));
  return offers.flat();
}

async function offersOf(path: string): Promise<Offer[]> {
  if (!isZip(await firstBytes(path))) {
    return [{ name: basename(path), label: path, path, read: (most) => readLimited(path, most) }];
  }
  const archive = await readLimited(path, MOST_BYTES);
  return zipNames(archive, path).map((name) => ({
    name: basename(name),
    label: `${path}: ${name}`,
    path: undefined,
    read: (most) => Promise.resolve(readZipFile(archive, name, path, most)),
  }));
}

async function firstBytes(path: string): Promise<Uint8Array> {
  try {
    // Asked before opening: the name may be a pipe, which would be waited for without end.
    if (!(await stat(path)).isFile()) throw new Error('it is not a regular file');
    const handle = await open(path);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(4), 0, 4, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new DataError(`${path}: cannot be read`, { got: (error as Error).message }, error);
  }
}
