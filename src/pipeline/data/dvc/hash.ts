/** The hashes by which DVC 3 knows files and directories. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { md5 } from '../dataFile.ts';
import { DataError } from '../errors.ts';
import { listDirectory } from './listing.ts';

/** A version of a file or directory, as DVC records it. */
export interface Version {
  /** MD5 of a file in lower-case hexadecimal; for a directory see {@link directoryMd5}, ends in `.dir`. */
  readonly md5: string;
  /** Bytes; for a directory, of all its files together. */
  readonly size: number;
  /** How many files a directory holds; absent for a file. */
  readonly nfiles?: number;
}

/** One line of DVC's listing of a directory. */
export interface ListedFile {
  /** Path from the directory, with `/` between names. */
  readonly relpath: string;
  readonly md5: string;
}

/** One file of a directory. */
export interface DirectoryFile extends ListedFile {
  readonly size: number;
}

/** The version of a directory, and its files. */
export interface DirectoryHash extends Version {
  readonly nfiles: number;
  /** Every file, sorted by path. */
  readonly files: readonly DirectoryFile[];
}

/**
 * Hashes one file, reading it in pieces.
 *
 * @throws DataError when it is absent, unreadable or no regular file
 * @example await hashFile('data/raw/train-labels-idx1-ubyte') // { md5: '9018921c…', size: 60008 }
 */
export async function hashFile(path: string): Promise<Version> {
  const hash = createHash('md5');
  let size = 0;
  try {
    // Asked before opening: the name may be a pipe, which would be waited for without end.
    if (!(await stat(path)).isFile()) throw new Error('it is not a regular file');
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 }) as AsyncIterable<Buffer>) {
      hash.update(chunk);
      size += chunk.length;
    }
  } catch (error) {
    throw new DataError(`${path}: cannot be hashed`, { got: (error as Error).message }, error);
  }
  return { md5: hash.digest('hex'), size };
}

/**
 * Hashes a directory as `dvc add` does: every file below it that the project's `.dvcignore` does not exclude. Empty
 * folders do not count.
 *
 * @param path the directory; it may be a symbolic link to one
 * @throws DataError when it is absent or no directory, holds something that is neither a regular file nor a
 *   folder, names that are not UTF-8, or more than 100,000 files
 * @example (await hashDirectory('data/raw')).md5 // '….dir'
 */
export async function hashDirectory(path: string): Promise<DirectoryHash> {
  const files: DirectoryFile[] = [];
  for (const relpath of await listDirectory(path)) {
    files.push({ relpath, ...(await hashFile(join(path, relpath))) });
  }
  return describeDirectory(files);
}

/** The record of a directory that holds these files. */
export function describeDirectory(files: readonly DirectoryFile[]): DirectoryHash {
  const sorted = [...files].sort((a, b) => comparePaths(a.relpath, b.relpath));
  return {
    md5: directoryMd5(sorted),
    size: sorted.reduce((sum, file) => sum + file.size, 0),
    nfiles: sorted.length,
    files: sorted,
  };
}

/**
 * `md5(JSON) + '.dir'`, where JSON is DVC's listing of the directory, see {@link directoryListing}.
 *
 * @example
 * directoryMd5([
 *   { relpath: 'bar', md5: '37b51d194a7513e45b56f6524f2d51f2' },
 *   { relpath: 'foo', md5: 'acbd18db4cc2f85cedef654fccc4a4d8' },
 * ]); // '5ea40360f5b4ec688df672a4db9c17d1.dir'
 */
export function directoryMd5(files: readonly ListedFile[]): string {
  return `${md5(Buffer.from(directoryListing(files)))}.dir`;
}

/**
 * DVC's listing of a directory, which is also the content of its object in the cache: what Python's
 * `json.dumps(…, sort_keys=True)` writes for the list of `{md5, relpath}`, sorted by path.
 */
export function directoryListing(files: readonly ListedFile[]): string {
  const entries = [...files]
    .sort((a, b) => comparePaths(a.relpath, b.relpath))
    .map((file) => `{"md5": ${asciiJson(file.md5)}, "relpath": ${asciiJson(file.relpath)}}`);
  return `[${entries.join(', ')}]`;
}

/** By code point, as Python compares strings; JavaScript's own order is by UTF-16 unit. */
function comparePaths(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** A JSON string in ASCII. Python also escapes DEL, which JSON.stringify leaves as it is. */
function asciiJson(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
