/** Pointer files: a committed `X.dvc` names the version of the file or directory X. */
import { lstat, stat } from 'node:fs/promises';
import { basename, normalize } from 'node:path';
import { z } from 'zod';
import { storeFile } from '../../files/atomicFile.ts';
import { isAbsent } from '../dataFile.ts';
import { DataError } from '../errors.ts';
import { hashDirectory, hashFile, type Version } from './hash.ts';
import type { LockedPath } from './lockFile.ts';
import { countNumber, md5Text, readYaml, yamlText } from './yaml.ts';

/** The one output of a pointer file; its path is a name beside the pointer file. */
export interface Pointer extends LockedPath {
  // What people may add, and DVC keeps.
  readonly desc?: string;
  readonly type?: string;
  readonly labels?: readonly string[];
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly remote?: string;
}

/** What people may add to the file as a whole; DVC keeps it, and so does `writePointer`. */
const annotations = {
  desc: z.string().exactOptional(),
  meta: z.unknown().exactOptional(),
  frozen: z.boolean().exactOptional(),
};

const fileSchema = z.strictObject({
  ...annotations,
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

type PointerFile = z.infer<typeof fileSchema>;

/** Where the pointer file of `path` is: `data/raw` → `data/raw.dvc`. */
export function pointerPath(path: string): string {
  return `${normalize(path).replace(/[\\/]+$/, '')}.dvc`;
}

/**
 * Reads the pointer file of `path`.
 *
 * @param path what is pointed to, such as `data/raw` (not the pointer file's own name)
 * @throws DataError when it is absent, or does not hold one output of its name, as DVC 3 writes it
 * @example (await readPointer('data/raw')).md5
 */
export async function readPointer(path: string): Promise<Pointer> {
  return (await readPointerFile(path)).outs[0];
}

/** As `readPointer`; the file as a whole, with its annotations. */
async function readPointerFile(path: string): Promise<PointerFile> {
  const file = pointerPath(path);
  const content = await readYaml(file, fileSchema);
  const [pointer] = content.outs;
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
  return content;
}

/** As {@link readPointer}; undefined where there is no pointer file. */
export async function findPointer(path: string): Promise<Pointer | undefined> {
  return (await findPointerFile(path))?.outs[0];
}

async function findPointerFile(path: string): Promise<PointerFile | undefined> {
  const there = await lstat(pointerPath(path)).then(
    () => true,
    (error: unknown) => !isAbsent(error),
  );
  return there ? readPointerFile(path) : undefined;
}

/**
 * The pointer of what lies at `path` now.
 *
 * @throws DataError when `path` is absent, or cannot be hashed
 */
export async function describePath(path: string): Promise<Pointer> {
  const common = { hash: 'md5', path: basename(pointerPath(path), '.dvc') } as const;
  const info = await stat(path).catch((error: unknown) => {
    throw new DataError(`${path}: not there`, { expected: 'a file or folder to version' }, error);
  });
  if (!info.isDirectory()) return { ...(await hashFile(path)), ...common };
  const { md5, size, nfiles } = await hashDirectory(path);
  return { md5, size, nfiles, ...common };
}

/**
 * Hashes the file or directory `path` and writes its pointer file `path.dvc` atomically, as `dvc add` does. Annotations
 * (`desc`, `labels`, …) of an existing pointer file stay. A pointer file that names the present version is not changed.
 *
 * @returns the pointer
 * @throws DataError when `path` cannot be hashed or an existing pointer file is damaged
 * @throws FileError when the pointer file cannot be written
 * @example const { md5 } = await writePointer('data/processed/flipped'); // writes data/processed/flipped.dvc
 */
export async function writePointer(path: string): Promise<Pointer> {
  const file = await findPointerFile(path);
  const before = file?.outs[0];
  const present = await describePath(path);
  if (before !== undefined && sameVersion(before, present)) return before;
  // Annotations of a file do not hold for a folder.
  const sameKind = before?.md5.endsWith('.dir') === present.md5.endsWith('.dir');
  const now = sameKind ? { ...before, ...present } : present;
  await storeFile(pointerPath(path), yamlText({ ...file, outs: [now] }));
  return now;
}

/** Whether two versions are the same. */
export function sameVersion(a: Version, b: Version): boolean {
  return a.md5 === b.md5 && a.size === b.size && a.nfiles === b.nfiles;
}
