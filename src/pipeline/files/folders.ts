import { existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { writeError } from './fileError.ts';

/**
 * Makes a folder and its missing parents.
 *
 * Node's own recursive `mkdir` never returns where the system answers ENOENT to a mkdir in a folder that exists, as
 * /proc does, and its asynchronous form reports a full disk as ENOENT (Node 20).
 *
 * @throws FileError where it cannot be made
 */
export function makeFolders(path: string): void {
  try {
    const missing: string[] = [];
    for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at);
    for (const folder of missing) makeFolder(folder);
    // A file of that name: the system says so.
    if (!statSync(path).isDirectory()) mkdirSync(path);
  } catch (error) {
    throw writeError(path, error);
  }
}

/** Writes a file below a folder; `w` replaces it, `a` appends to it. */
export type FolderWriter = (name: string, content: string | Uint8Array, flag?: 'w' | 'a') => void;

/** A writer of files such as `plots/loss.tsv` below `folder`, which makes their folders. */
export function folderWriter(folder: string): FolderWriter {
  return (name, content, flag = 'w') => {
    const path = join(folder, ...name.split('/'));
    makeFolders(dirname(path));
    writeFileSync(path, content, { flag });
  };
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    // Another process may have been quicker.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

export async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
