import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { DataError } from '../errors.ts';
import { readListing, type ListedFile } from './cache.ts';
import { type DirectoryHash, directoryMd5, hashDirectory, hashFile } from './hash.ts';
import { type Pointer, pointerPath } from './pointer.ts';

/** One way in which files differ from the version that their pointer file names. */
export interface Difference {
  readonly path: string;
  readonly state: 'changed' | 'missing' | 'extra';
  /** On one line: what was expected and what was found. */
  readonly problem: string;
}

/**
 * Compares a file or directory with the version that a pointer names.
 *
 * Which file of a directory differs follows from the version's listing: one of `listings` if it is that of the
 * version, else the one in the project's cache. Where neither is, the directory as a whole is named.
 *
 * @returns no difference when it is that version
 * @throws DataError when something cannot be hashed, or the pointer lies about its own version
 * @example await compareWithPointer('data/raw', await readPointer('data/raw'))
 */
export async function compareWithPointer(
  path: string,
  pointer: Pointer,
  listings: readonly (readonly ListedFile[])[] = [],
): Promise<Difference[]> {
  const expected = `${pointerPath(path)} names ${pointer.md5}`;
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return [{ path, state: 'missing', problem: `${path}: not there, ${expected}` }];
  if (info.isDirectory() !== pointer.md5.endsWith('.dir')) {
    const found = info.isDirectory() ? 'a folder' : 'no folder';
    return [{ path, state: 'changed', problem: `${path}: ${found}, ${expected}` }];
  }
  if (info.isDirectory()) {
    const present = await hashDirectory(path);
    if (present.md5 === pointer.md5) requireTruth(path, pointer, present);
    return compareDirectory(path, pointer.md5, present, listings);
  }
  const { md5, size } = await hashFile(path);
  if (md5 !== pointer.md5) {
    return [{ path, state: 'changed', problem: `${path}: changed: ${expected}, got ${md5}` }];
  }
  requireTruth(path, pointer, { size, nfiles: undefined });
  return [];
}

/** As {@link compareWithPointer}, for a directory that is hashed already and the version with the hash `md5`. */
export async function compareDirectory(
  path: string,
  md5: string,
  present: DirectoryHash,
  listings: readonly (readonly ListedFile[])[] = [],
): Promise<Difference[]> {
  if (present.md5 === md5) return [];
  const listing = listings.find((files) => directoryMd5(files) === md5) ?? (await readListing(path, md5));
  if (listing !== undefined) return compareFiles(path, listing, present.files);
  const problem = `${path}: another version: expected ${md5}, got ${present.md5}`;
  return [{ path, state: 'changed', problem }];
}

function compareFiles(
  root: string,
  expected: readonly ListedFile[],
  present: readonly ListedFile[],
): Difference[] {
  const found = new Map(present.map((file) => [file.relpath, file.md5]));
  const differences: Difference[] = [];
  for (const { relpath, md5 } of expected) {
    const path = join(root, relpath);
    const got = found.get(relpath);
    found.delete(relpath);
    if (got === undefined) differences.push({ path, state: 'missing', problem: `${path}: not there` });
    else if (got !== md5) {
      differences.push({
        path,
        state: 'changed',
        problem: `${path}: changed: expected md5 ${md5}, got ${got}`,
      });
    }
  }
  for (const relpath of found.keys()) {
    const path = join(root, relpath);
    differences.push({ path, state: 'extra', problem: `${path}: not part of the committed version` });
  }
  return differences;
}

/**
 * Checks what a pointer says beside the hash of the version that it names.
 *
 * @throws DataError when size or number of files are not those of that version
 */
export function requireTruth(
  path: string,
  pointer: Pointer,
  { size, nfiles }: { readonly size: number; readonly nfiles: number | undefined },
): void {
  if (size === pointer.size && nfiles === pointer.nfiles) return;
  const count = (files: number | undefined): string => (files === undefined ? '' : `, nfiles: ${files}`);
  throw new DataError(`${pointerPath(path)}: the md5 is right, but not what stands beside it`, {
    expected: `size: ${size}${count(nfiles)}`,
    got: `size: ${pointer.size}${count(pointer.nfiles)}`,
    fix: 'take it from git again, or run: npx tsx src/data.ts lock',
  });
}
