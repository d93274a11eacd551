/** The version of the data: the one of the folder's pointer file, or one requested by its hash. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { shellWord } from '../text/shellWord.ts';
import { objectPath, readListing, storeObjects } from './dvc/cache.ts';
import { compareDirectory, compareWithPointer, requireTruth } from './dvc/compare.ts';
import { describeDirectory, type DirectoryFile, type DirectoryHash, hashDirectory } from './dvc/hash.ts';
import { findProject } from './dvc/ignore.ts';
import { listDirectory } from './dvc/listing.ts';
import { findPointer, pointerPath } from './dvc/pointer.ts';
import type { LoadedData } from './description.ts';
import { DataError } from './errors.ts';
import {
  FASHION_MNIST_FILES,
  type FashionMnistFiles,
  listFiles,
  loadFashionMnist,
  mapFiles,
} from './fashionMnist.ts';
import { findRawFile } from './rawFolder.ts';
import { fetchFashionMnist, type FetchOptions } from './sources/fetch.ts';

/** The version of a folder that holds the published files and nothing else. */
export const PUBLISHED: DirectoryHash = describeDirectory(
  listFiles(FASHION_MNIST_FILES).map(({ name, bytes, md5 }) => ({ relpath: name, md5, size: bytes })),
);

/**
 * Fills `root` with the version that its pointer file names, or with the published one where there is no pointer
 * file, and copies it into the project's cache. Versions other than the published one come from that cache.
 *
 * @throws DataError when the files cannot be obtained, or when the folder still differs, naming what differs
 * @throws FileError when `root` or the cache cannot be written
 */
export async function fetchVersion(root: string, options: Omit<FetchOptions, 'files'> = {}): Promise<void> {
  const pointer = await findPointer(root);
  await fetchFashionMnist(root, { ...options, files: await filesOf(root, pointer?.md5) });
  if (pointer === undefined) return;
  const differences = await compareWithPointer(root, pointer, [PUBLISHED.files]);
  if (differences.length > 0) {
    throw new DataError(`${root}: not the version of ${pointerPath(root)}`, {
      got: differences.map(({ problem }) => problem).join('\n'),
      fix: 'remove what does not belong there, or commit it: npx tsx src/data.ts lock',
    });
  }
  await storeObjects(root, await hashDirectory(root));
}

export interface LoadVersionOptions extends Omit<FetchOptions, 'files'> {
  /** The version to load, as `<md5>.dir`; default the one that the pointer file of the folder names. */
  readonly version?: string | undefined;
}

/** The data set and its version; a `.gz` file counts as its content. */
export type VersionedFashionMnist = Omit<LoadedData, 'description'>;

/**
 * Loads one version of the data set. Missing files are fetched; files that differ are never replaced. (A folder without
 * a pointer file, of which no version is requested, is not versioned: it holds the published files.)
 *
 * @throws DataError when the folder holds another version: which files differ, how to restore them, and how to request
 *   the present version; when a folder without a pointer file holds other files, which may be the user's
 */
export async function loadVersion(
  root: string,
  options: LoadVersionOptions = {},
): Promise<VersionedFashionMnist> {
  const [pointer, incomplete] = await Promise.all([findPointer(root), lacksFiles(root)]);
  const wanted = options.version ?? pointer?.md5;
  if (wanted === undefined) return loadPublished(root, options);
  if (incomplete) {
    if (wanted === pointer?.md5) await fetchVersion(root, options);
    else {
      await refuseStrangers(root);
      await fetchFashionMnist(root, { ...options, files: await filesOf(root, wanted) });
    }
  }
  if (pointer?.md5 === PUBLISHED.md5) requireTruth(root, pointer, PUBLISHED);

  if (wanted === PUBLISHED.md5 && (await extraFiles(root)).length === 0) {
    // Loading hashes the files anyway.
    try {
      return { ...(await loadFashionMnist(root)), version: wanted };
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
    }
  }
  const present = await hashDirectory(root);
  if (present.md5 !== wanted) throw await otherVersion(root, wanted, present, options.version === undefined);
  return { ...(await loadFashionMnist(root, { files: filesFrom(present.files, root) })), version: wanted };
}

async function loadPublished(root: string, options: LoadVersionOptions): Promise<VersionedFashionMnist> {
  const version = PUBLISHED.md5;
  try {
    return { ...(await loadFashionMnist(root)), version };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    await refuseStrangers(root);
    await fetchFashionMnist(root, options);
    return { ...(await loadFashionMnist(root)), version };
  }
}

async function otherVersion(
  root: string,
  wanted: string,
  present: DirectoryHash,
  committed: boolean,
): Promise<DataError> {
  const differences = await compareDirectory(root, wanted, present, [PUBLISHED.files]);
  const requested = committed ? 'is committed' : 'was asked for';
  return new DataError(`${root}: not the version of the data that ${requested}`, {
    expected: `${wanted}, as ${committed ? pointerPath(root) : 'data.version'} says`,
    got: [present.md5, ...differences.map(({ problem }) => problem)].join('\n'),
    fix:
      `to restore the committed version: npx tsx src/data.ts fetch --root ${shellWord(root)} --replace\n` +
      `to use what is there all the same, name it: data.version=${present.md5}`,
  });
}

/** The four files of the version with the hash `md5`; without one, of the published version. */
async function filesOf(root: string, md5: string = PUBLISHED.md5): Promise<FashionMnistFiles> {
  if (md5 === PUBLISHED.md5) return FASHION_MNIST_FILES;
  const [project, listing] = [findProject(root), await readListing(root, md5)];
  if (project === undefined || listing === undefined) {
    throw new DataError(`${root}: a version of the data that cannot be had here`, {
      expected: `${PUBLISHED.md5}, the published data, or a version in .dvc/cache`,
      got: md5,
      fix: 'copy .dvc/cache from where that version was locked, or take the pointer file of another commit',
    });
  }
  const sized = listing.map(async ({ relpath, md5 }) => {
    const info = await stat(objectPath(project, md5)).catch(() => undefined);
    return { relpath, md5, size: info?.size ?? 0 };
  });
  return filesFrom(await Promise.all(sized), pointerPath(root));
}

function filesFrom(files: readonly DirectoryFile[], label: string): FashionMnistFiles {
  return mapFiles(({ name }) => {
    const file = files.find(({ relpath }) => relpath === name);
    if (file) return { name, bytes: file.size, md5: file.md5 };
    throw new DataError(`${label}: a version without ${name}`, {
      expected: PUBLISHED.files.map(({ relpath }) => relpath).join('\n'),
      got: files.map(({ relpath }) => relpath).join('\n'),
    });
  });
}

/**
 * Does nothing for a folder that a fetch may fill: one that is absent, or holds only what a fetch writes.
 *
 * @throws DataError naming the other files
 */
async function refuseStrangers(root: string): Promise<void> {
  if (!existsSync(root)) return;
  const strangers = (await extraFiles(root)).filter((path) => !/(^|\/)\.[^/]*$|\.part$/.test(path));
  if (strangers.length === 0) return;
  const more = strangers.length > MOST_NAMED ? [`and ${strangers.length - MOST_NAMED} more`] : [];
  throw new DataError(`${root}: holds other files than Fashion-MNIST's; nothing was written`, {
    expected: 'a folder for Fashion-MNIST alone',
    got: [...strangers.slice(0, MOST_NAMED), ...more].join('\n'),
    fix:
      'data of your own need data.format and data.name: see docs/guide/your-own-data.md\n' +
      `to have Fashion-MNIST among them: npx tsx src/data.ts fetch --root ${shellWord(root)}`,
  });
}

/** Names of files in one message. */
const MOST_NAMED = 5;

async function lacksFiles(root: string): Promise<boolean> {
  const paths = listFiles(FASHION_MNIST_FILES).map((file) => findRawFile(root, file));
  return (await Promise.all(paths)).includes(undefined);
}

async function extraFiles(root: string): Promise<string[]> {
  const names = listFiles(FASHION_MNIST_FILES).map(({ name }) => name);
  return (await listDirectory(root)).filter((relpath) => !names.includes(relpath.replace(/\.gz$/, '')));
}
