import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../errors.ts';
import { readListing } from './cache.ts';
import {
  type DirectoryHash,
  directoryMd5,
  hashDirectory,
  hashFile,
  type ListedFile,
  type Version,
} from './hash.ts';
import { type Pointer, pointerPath } from './pointer.ts';

/** A difference between files and the version that their pointer file names. */
export interface Difference {
  readonly path: string;
  readonly state: 'changed' | 'missing' | 'extra';
  /** On one line: what was expected and what was found. */
  readonly problem: string;
}

function difference(path: string, state: Difference['state'], text: string): Difference {
  return { path, state, problem: `${path}: ${text}` };
}

/**
 * Compares a file or directory with the version that a pointer names.
 *
 * The differing files of a directory are found by the version's listing: one of `listings`, or the one in the project's
 * cache. Without a listing, the directory as a whole is named.
 *
 * @returns an empty list when it is that version
 * @throws DataError when something cannot be hashed, or the pointer contradicts its version
 * @example await compareWithPointer('data/raw', await readPointer('data/raw'))
 */
export async function compareWithPointer(
  path: string,
  pointer: Pointer,
  listings: readonly (readonly ListedFile[])[] = [],
): Promise<Difference[]> {
  const expected = `${pointerPath(path)} names ${pointer.md5}`;
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return [difference(path, 'missing', `not there, ${expected}`)];
  if (info.isDirectory() !== pointer.md5.endsWith('.dir')) {
    const found = info.isDirectory() ? 'a folder' : 'no folder';
    return [difference(path, 'changed', `${found}, ${expected}`)];
  }
  if (info.isDirectory()) {
    const present = await hashDirectory(path);
    if (present.md5 === pointer.md5) requireTruth(path, pointer, present);
    return compareDirectory(path, pointer.md5, present, listings);
  }
  const present = await hashFile(path);
  if (present.md5 !== pointer.md5) {
    return [difference(path, 'changed', `changed: ${expected}, got ${present.md5}`)];
  }
  requireTruth(path, pointer, present);
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
  return [difference(path, 'changed', `another version: expected ${md5}, got ${present.md5}`)];
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
    if (got === undefined) differences.push(difference(path, 'missing', 'not there'));
    else if (got !== md5) {
      differences.push(difference(path, 'changed', `changed: expected md5 ${md5}, got ${got}`));
    }
  }
  for (const relpath of found.keys()) {
    differences.push(difference(join(root, relpath), 'extra', 'not part of the committed version'));
  }
  return differences;
}

/** @throws DataError when size or number of files of a pointer are not those of the version that it names */
export function requireTruth(path: string, pointer: Pointer, { size, nfiles }: Version): void {
  if (size === pointer.size && nfiles === pointer.nfiles) return;
  const count = (files: number | undefined): string => (files === undefined ? '' : `, nfiles: ${files}`);
  throw new DataError(`${pointerPath(path)}: the md5 is right, but not what stands beside it`, {
    expected: `size: ${size}${count(nfiles)}`,
    got: `size: ${pointer.size}${count(pointer.nfiles)}`,
    fix: 'take it from git again, or run: npx tsx src/data.ts lock',
  });
}
