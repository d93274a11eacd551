import { basename, dirname, resolve } from 'node:path';
import { FASHION_MNIST_FILES, listFiles } from '../../pipeline/data/fashionMnist.ts';
import { findRawFile } from '../../pipeline/data/rawFolder.ts';
import { RequestError } from '../errors.ts';
import type { App } from './app.ts';

/**
 * Adds `/data/NAME` for the four files of Fashion-MNIST, with which the page trains. A file is sent as it lies in the folder:
 * plain, or compressed by gzip, which its first bytes say.
 */
export function addDataRoutes(app: App, folder: string): void {
  for (const file of listFiles(FASHION_MNIST_FILES)) {
    app.get(`/data/${file.name}`, { schema: { hide: true } }, async (_, reply) => {
      const path = await findRawFile(folder, file);
      if (path === undefined) {
        throw new RequestError(
          404,
          `the service has no ${file.name} in ${folder}: run npx tsx src/data.ts fetch on its machine, or start it with --data FOLDER`,
        );
      }
      const root = dirname(resolve(path));
      const options = { maxAge: '1d', immutable: false, contentType: false } as const;
      void reply.type('application/octet-stream');
      return reply.sendFile(basename(path), root, options);
    });
  }
}
