import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readDataFile } from '../dataFile.ts';
import { DataError } from '../errors.ts';
import { type Source } from './source.ts';

/** `.gz` files that were put into the folder by hand. (Decompressed files need no source.) */
export function rawSource(): Source {
  return {
    name: 'raw',
    async open({ root }) {
      const names = await readdir(root).catch(() => []);
      if (!names.some((name) => name.endsWith('.gz'))) throw new DataError(`${root}: no .gz files there`);
      return { read: (file) => readDataFile(join(root, `${file.name}.gz`), file) };
    },
  };
}
