import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** What the result of a training depends on, besides configuration and data. */
const CODE = ['src', 'kernels', 'package-lock.json'];

let version: Promise<string> | undefined;

/**
 * SHA-256 over the names and contents of all source files, kernels and the lock file: equal for equal code, with or
 * without git, wherever it lies. Read once a process.
 */
export function codeVersion(): Promise<string> {
  return (version ??= hashFiles(root, CODE));
}

/** SHA-256 over some files and all files of some folders, links left out; what is missing counts for nothing. */
export async function hashFiles(folder: string, names: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  const files = (await Promise.all(names.map((name) => filesIn(join(folder, name))))).flat();
  const byName = files.map((path) => ({ path, name: relative(folder, path).replaceAll(sep, '/') }));
  for (const { path, name } of byName.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const content = createHash('sha256').update(await readFile(path));
    hash.update(`${name}\0${content.digest('hex')}\n`);
  }
  return hash.digest('hex');
}

async function filesIn(path: string): Promise<string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true, recursive: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return [path];
    if (code === 'ENOENT') return [];
    throw error;
  }
}
