import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a folder and those above it that are missing.
 *
 * Node's own recursive `mkdir` never returns where the system answers ENOENT to a mkdir in a folder that exists, as
 * /proc does, and its asynchronous form reports a full disk as ENOENT (Node 20).
 */
export function makeFolders(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at); at = dirname(at)) missing.unshift(at);
  for (const folder of missing) {
    try {
      mkdirSync(folder);
    } catch (error) {
      // Another process may have been quicker.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  // A file of that name: let the system say so.
  if (!statSync(path).isDirectory()) mkdirSync(path);
}
