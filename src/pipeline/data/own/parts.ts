/** What the readers of the user's own data have in common. */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '../errors.ts';
import type { ImageSet } from '../images.ts';

/** The guide that explains how own data lie in their folder. */
export const GUIDE = 'see docs/guide/your-own-data.md';

/** The images of a folder. */
export interface OwnImages {
  readonly height: number;
  readonly width: number;
  readonly classes: readonly string[];
  readonly train: ImageSet;
  /** Undefined where the folder has no test images. */
  readonly test: ImageSet | undefined;
}

/** The most bytes that the images of a part, or an unpacked file, may take. */
export const MOST_BYTES: number = 2 ** 30;

/** The names in a folder, sorted, without hidden ones. @throws DataError where there is no such folder */
export async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw new DataError(
      `${folder}: cannot be listed`,
      { expected: 'the folder of the data: data.root', got: (error as Error).message },
      error,
    );
  });
  return names.filter((name) => !name.startsWith('.')).sort();
}

/** Reads a file that may be anything. @throws DataError where it is no regular file, or larger than `most` bytes */
export async function readLimited(path: string, most: number): Promise<Buffer> {
  try {
    // Asked before opening: the name may be a pipe, which would be waited for without end.
    const info = await stat(path);
    if (!info.isFile()) throw new Error('it is not a regular file');
    if (info.size > most) throw new Error(`it has ${info.size} bytes, at most ${most} are read`);
    const handle = await open(path);
    try {
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new DataError(`${path}: cannot be read`, { got: (error as Error).message }, error);
  }
}

/** The files of a part that the names of a folder contain: none, or one for each pattern. */
export function filesOfPart(
  root: string,
  names: readonly string[],
  patterns: readonly RegExp[],
): string[] | undefined {
  const found = patterns.map((pattern) => {
    const matching = names.filter((name) => pattern.test(name));
    // The plain file goes before its compressed copy.
    const distinct = matching.filter(
      (name) => !(/\.gz$/i.test(name) && matching.includes(name.slice(0, -3))),
    );
    if (distinct.length <= 1) return distinct[0];
    throw new DataError(`${root}: several files for one part of the data`, {
      expected: 'one',
      got: distinct.join('\n'),
      fix: 'put each data set into a folder of its own',
    });
  });
  if (found.every((name) => name === undefined)) return undefined;
  const missing = patterns.filter((_, index) => found[index] === undefined);
  if (missing.length === 0) return found.map((name) => join(root, name!));
  throw new DataError(`${root}: images and labels do not belong together`, {
    expected: 'a file of images and a file of labels',
    got: found.filter(Boolean).join(', '),
    fix: GUIDE,
  });
}

/** Names of labels that have none: the labels themselves. */
export function numberedClasses(labels: Uint8Array): string[] {
  const most = labels.reduce((most, label) => Math.max(most, label), 0);
  return Array.from({ length: most + 1 }, (_, label) => String(label));
}
