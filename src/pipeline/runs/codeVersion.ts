import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** The files on which the result of a training depends, besides configuration and data. */
const CODE = ['src', 'kernels', 'package-lock.json'];

let version: string | undefined;

/**
 * SHA-256 over the names and contents of all source files, kernels and the lock file, computed once a process: equal for
 * equal code, with or without git, in any folder.
 */
export function codeVersion(): string {
  return (version ??= presentCodeVersion());
}

/** As `codeVersion`, of the files as they are now: they may change under a process that starts others. */
export function presentCodeVersion(): string {
  return hashFiles(root, CODE);
}

/**
 * SHA-256 over some files and all files of some folders, without links and missing ones. Synchronous reads take a third of
 * the time of 500 promises.
 */
export function hashFiles(folder: string, names: readonly string[]): string {
  const hash = createHash('sha256');
  const files = names.flatMap((name) => filesIn(join(folder, name)));
  const byName = files.map((path) => ({ path, name: relative(folder, path).replaceAll(sep, '/') }));
  for (const { path, name } of byName.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const content = createHash('sha256').update(readFileSync(path)).digest('hex');
    hash.update(`${name}\0${content}\n`);
  }
  return hash.digest('hex');
}

function filesIn(path: string): string[] {
  try {
    const entries = readdirSync(path, { withFileTypes: true, recursive: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR') return [path];
    if (code === 'ENOENT') return [];
    throw error;
  }
}
