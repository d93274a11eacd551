import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, relative, sep } from 'node:path';
import { z } from 'zod';
import { isTemporary, storeFile } from '../../files/atomicFile.ts';
import { FileError } from '../../files/fileError.ts';
import { parseJson } from '../../files/json.ts';

/** A file of a run's folder in the store. */
interface StoredFile {
  /** Within the run's folder, with slashes. */
  readonly path: string;
  readonly sha256: string;
  /** Where its bytes are. */
  readonly key: string;
}

/** Slashes between names, none of which leads out of the folder, or is its lock. */
const path = z
  .string()
  .max(1000)
  .refine((text) => {
    const names = text.split(/[\\/]/);
    return (
      names.every((name) => !['', '.', '..'].includes(name)) && names[0] !== 'lock' && !text.includes('\0')
    );
  }, 'a path within the folder');

/** The files of a run's folder at one moment. */
export interface Manifest {
  readonly files: readonly StoredFile[];
}

const manifestSchema: z.ZodType<Manifest> = z.object({
  files: z.array(z.object({ path, sha256: z.string().regex(/^[0-9a-f]{64}$/), key: path })).max(10_000),
});

/** Reads a run's folder. A file that is replaced meanwhile is read whole, before or after. */
export async function readFolder(folder: string): Promise<Map<string, Uint8Array>> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  const paths = entries
    .filter((entry) => entry.isFile() && !isTemporary(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, '/'))
    .filter((path) => !path.startsWith('lock/'));
  const files = new Map<string, Uint8Array>();
  for (const path of paths.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))) {
    const bytes = await readFile(join(folder, path)).catch((error: unknown) => {
      // An older checkpoint that was removed meanwhile.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    });
    if (bytes) files.set(path, bytes);
  }
  return files;
}

/**
 * A training that goes on while its folder is read may write more. A resumed one repeats what came after its last
 * checkpoint, so that is read first: the best weights and the journal may be later, but never earlier.
 */
function rank(path: string): number {
  if (path.startsWith('checkpoints/last')) return 0;
  return path === 'metrics.jsonl' ? 2 : 1;
}

/** Describes files of a folder as they will lie in the store. */
export function describeFiles(files: ReadonlyMap<string, Uint8Array>, prefix: string): StoredFile[] {
  return [...files].map(([path, bytes]) => {
    const sha256 = sha256Of(bytes);
    return { path, sha256, key: `${prefix}${sha256}` };
  });
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @throws FileError where it is no manifest */
export function parseManifest(name: string, bytes: Uint8Array): Manifest {
  return parseJson(name, bytes, manifestSchema, 'the files of a run');
}

/**
 * Writes files into a folder, `summary.json` last, which says that the others are complete.
 *
 * @param skip the paths that are left as they are
 * @throws FileError where one is missing or damaged in the store, before anything is written
 */
export async function writeFolder(
  folder: string,
  { files }: Manifest,
  get: (key: string) => Promise<Uint8Array | undefined>,
  skip: readonly string[] = [],
): Promise<void> {
  const contents = new Map<string, Uint8Array>();
  for (const { path, sha256, key } of files) {
    if (skip.includes(path)) continue;
    const bytes = await get(key);
    if (!bytes || sha256Of(bytes) !== sha256) {
      throw new FileError(
        key,
        bytes ? 'is damaged in the artifact store' : 'is missing in the artifact store',
      );
    }
    contents.set(path, bytes);
  }
  const isLast = (path: string): boolean => basename(path) === 'summary.json';
  for (const [path, bytes] of [...contents].sort(([a], [b]) => Number(isLast(a)) - Number(isLast(b)))) {
    await storeFile(join(folder, ...path.split('/')), bytes);
  }
}
