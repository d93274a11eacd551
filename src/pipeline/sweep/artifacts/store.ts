import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { storeFile } from '../../files/atomicFile.ts';
import { FileError, readError, writeError } from '../../files/fileError.ts';

/** Keeps bytes under keys such as `0f3a…/result.json`, for all machines of a sweep. */
export interface ArtifactStore {
  /** What errors and messages call it. */
  readonly name: string;
  /** The bytes of a key; undefined where there are none. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Sets a key: readers see the old bytes or the new ones. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** The keys that start with a prefix, which ends with `/`. */
  list(prefix: string): Promise<string[]>;
  /** Removes a key; one that is missing is no error. */
  remove(key: string): Promise<void>;
}

/** A folder that all machines of a sweep share. */
export class FolderStore implements ArtifactStore {
  readonly name: string;

  constructor(folder: string) {
    this.name = folder;
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    const path = this.#path(key);
    try {
      // A pipe would wait for ever, and a device may have no end.
      if (!(await stat(path)).isFile()) throw new FileError(path, 'is no file of an artifact store');
      return await readFile(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error instanceof FileError ? error : readError(path, error);
    }
  }

  put(key: string, bytes: Uint8Array): Promise<void> {
    return storeFile(this.#path(key), bytes);
  }

  async list(prefix: string): Promise<string[]> {
    const entries = await readdir(this.#path(prefix), { withFileTypes: true, recursive: true }).catch(
      () => [],
    );
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.name, join(entry.parentPath, entry.name)).replaceAll(sep, '/'));
  }

  async remove(key: string): Promise<void> {
    const path = this.#path(key);
    await rm(path, { force: true }).catch((error: unknown) => {
      throw writeError(path, error);
    });
  }

  #path(key: string): string {
    return join(this.name, ...key.split('/'));
  }
}
