/** DVC's cache: `.dvc/cache/files/md5/<first two digits>/<others>` holds every version that was locked here. */
import { existsSync, constants as fs } from 'node:fs';
import { chmod, copyFile, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { storeFile, temporaryName } from '../../files/atomicFile.ts';
import { writeError } from '../../files/fileError.ts';
import { makeFolders } from '../../files/folders.ts';
import { md5 } from '../dataFile.ts';
import { DataError } from '../errors.ts';
import { type DirectoryHash, directoryListing, type ListedFile } from './hash.ts';
import { findProject } from './ignore.ts';

/** Longer listings (some 500,000 files) are refused unread. */
const MAX_LISTING_BYTES = 2 ** 26;

const listingSchema = z.array(
  z.strictObject({ md5: z.string().regex(/^[0-9a-f]{32}$/), relpath: z.string().min(1) }),
);

/** Where a project keeps the object with this hash. */
export function objectPath(project: string, hash: string): string {
  return join(project, '.dvc', 'cache', 'files', 'md5', hash.slice(0, 2), hash.slice(2));
}

/**
 * Copies a directory's files and its listing into the cache of its project, as `dvc add` does; existing objects stay.
 * File systems that can share blocks between copies do. Outside a project it does nothing.
 *
 * @throws FileError when the cache cannot be written
 */
export async function storeObjects(path: string, { md5: hash, files }: DirectoryHash): Promise<void> {
  const project = findProject(path);
  if (project === undefined) return;
  for (const file of files) await storeObject(join(path, file.relpath), objectPath(project, file.md5));
  // Last: a listing in the cache means that its files are there.
  const listing = objectPath(project, hash);
  if (!existsSync(listing)) await storeFile(listing, directoryListing(files));
}

/**
 * The listing of a version of `path`, from the cache of its project; undefined where the cache does not have it.
 *
 * @throws DataError when the cached listing is damaged
 */
export async function readListing(path: string, hash: string): Promise<readonly ListedFile[] | undefined> {
  const project = findProject(path);
  const object = project === undefined ? undefined : objectPath(project, hash);
  if (object === undefined || !existsSync(object)) return undefined;
  const damaged = (got: string): DataError =>
    new DataError(`${object}: damaged`, { expected: `the listing ${hash}`, got, fix: 'remove this file' });
  const { size } = await stat(object);
  if (size > MAX_LISTING_BYTES) throw damaged(`${size} bytes`);
  const bytes = await readFile(object);
  if (`${md5(bytes)}.dir` !== hash) throw damaged(`md5 ${md5(bytes)}`);
  const listing = listingSchema.safeParse(JSON.parse(bytes.toString('utf8')));
  if (!listing.success) throw damaged(z.prettifyError(listing.error));
  return listing.data;
}

async function storeObject(from: string, to: string): Promise<void> {
  if (existsSync(to)) return;
  const temporary = temporaryName(to);
  makeFolders(dirname(to));
  try {
    await copyFile(from, temporary, fs.COPYFILE_FICLONE);
    // DVC does not hash read-only objects again.
    await chmod(temporary, 0o444);
    await rename(temporary, to);
  } catch (error) {
    await rm(temporary, { force: true });
    throw writeError(to, error);
  }
}
