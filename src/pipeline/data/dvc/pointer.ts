/** Pointer files: `X.dvc`, committed, says which version of the file or directory X belongs to a commit. */
import { lstat, stat } from 'node:fs/promises';
import { basename, normalize } from 'node:path';

import { z } from 'zod';

import { isAbsent } from '../dataFile.ts';
import { DataError } from '../errors.ts';
import { storeFile } from '../../files/atomicFile.ts';
import { hashDirectory, hashFile } from './hash.ts';
import { countNumber, md5Text, readYaml, yamlText } from './yaml.ts';

/** The one output of a pointer file. */
export interface Pointer {
  /** MD5 of the file; of a directory, the hash of `hashDirectory`, ending in `.dir`. */
  readonly md5: string;
  /** Bytes, of a directory those of all its files. */
  readonly size: number;
  /** How many files a directory holds; absent for a file. */
  readonly nfiles?: number;
  /** The kind of hash. (DVC takes its absence for one that ignores line ends.) */
  readonly hash: 'md5';
  /** Name of what is pointed to, which lies beside the pointer file. */
  readonly path: string;
  // What people may write beside it, and DVC keeps.
  readonly desc?: string;
  readonly type?: string;
  readonly labels?: readonly string[];
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly remote?: string;
}

const fileSchema = z.strictObject({
  outs: z.tuple([
    z.strictObject({
      md5: md5Text,
      size: countNumber,
      nfiles: countNumber.exactOptional(),
      hash: z.literal('md5'),
      path: z.string(),
      desc: z.string().exactOptional(),
      type: z.string().exactOptional(),
      labels: z.array(z.string()).exactOptional(),
      meta: z.record(z.string(), z.unknown()).exactOptional(),
      remote: z.string().exactOptional(),
    }),
  ]),
});

/** Where the pointer file of `path` is: `data/raw` → `data/raw.dvc`. */
export function pointerPath(path: string): string {
  return `${normalize(path).replace(/[\\/]+$/, '')}.dvc`;
}

/**
 * Reads the pointer file of `path`.
 *
 * @param path what is pointed to, such as `data/raw` (not the pointer file's own name)
 * @throws DataError when the pointer file is absent, or holds anything but one output named like it, with keys,
 *   sizes and hashes of the form that DVC 3 writes
 * @example (await readPointer('data/raw')).md5
 */
export async function readPointer(path: string): Promise<Pointer> {
  const file = pointerPath(path);
  const pointer = (await readYaml(file, fileSchema)).outs[0];
  const expected = basename(file, '.dvc');
  // Also refuses every path that leads elsewhere: '../raw', '/etc', 'a/b'.
  if (pointer.path !== expected) {
    throw new DataError(`${file}: points to something else`, {
      expected: `path: ${expected}`,
      got: `path: ${JSON.stringify(pointer.path)}`,
    });
  }
  if (pointer.md5.endsWith('.dir') !== (pointer.nfiles !== undefined)) {
    throw new DataError(`${file}: file and directory mixed up`, {
      expected: 'nfiles with an md5 that ends in .dir, and only with one',
      got: `md5: ${pointer.md5}, ${pointer.nfiles === undefined ? 'no nfiles' : `nfiles: ${pointer.nfiles}`}`,
    });
  }
  return pointer;
}

/** As {@link readPointer}; undefined where there is no pointer file. */
export async function findPointer(path: string): Promise<Pointer | undefined> {
  const there = await lstat(pointerPath(path)).then(
    () => true,
    (error: unknown) => !isAbsent(error),
  );
  return there ? readPointer(path) : undefined;
}

/**
 * What the pointer file of `path` has to say at present.
 *
 * @throws DataError when it is absent, or cannot be hashed
 */
export async function describePath(path: string): Promise<Pointer> {
  const common = { hash: 'md5', path: basename(pointerPath(path), '.dvc') } as const;
  const info = await stat(path).catch((error: unknown) => {
    throw new DataError(`${path}: not there`, { expected: 'a file or folder to version' }, { cause: error });
  });
  if (!info.isDirectory()) return { ...(await hashFile(path)), ...common };
  const { md5, size, nfiles } = await hashDirectory(path);
  return { md5, size, nfiles, ...common };
}

/**
 * Hashes the file or directory `path` and writes its pointer file beside it, `path.dvc`, as `dvc add` does.
 * Annotations (`desc`, `labels`, …) of a pointer file that is there already stay. The file appears whole or not
 * at all, and stays untouched when it is true already.
 *
 * @returns what the pointer file says now
 * @throws DataError when `path` cannot be hashed or a pointer file that is there is damaged
 * @throws FileError when the pointer file cannot be written
 * @example const { md5 } = await writePointer('data/processed/flipped'); // writes data/processed/flipped.dvc
 */
export async function writePointer(path: string): Promise<Pointer> {
  const before = await findPointer(path);
  const present = await describePath(path);
  if (before !== undefined && samePointer(before, present)) return before;
  // What was written of a file does not hold for a folder.
  const sameKind = before?.md5.endsWith('.dir') === present.md5.endsWith('.dir');
  const now = sameKind ? { ...before, ...present } : present;
  await storeFile(pointerPath(path), pointerText(now));
  return now;
}

/** Whether both name the same version. */
export function samePointer(a: Pointer, b: Pointer): boolean {
  return a.md5 === b.md5 && a.size === b.size && a.nfiles === b.nfiles;
}

/** The content of a pointer file, with its keys in DVC's order. */
export function pointerText(pointer: Pointer): string {
  return yamlText({ outs: [pointer] });
}
