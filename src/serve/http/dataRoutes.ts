import { basename, dirname, resolve } from 'node:path';
import { FASHION_MNIST_FILES, listFiles } from '../../pipeline/data/fashionMnist.ts';
import { findRawFile } from '../../pipeline/data/rawFolder.ts';
import { RequestError } from '../errors.ts';
import { readSamples, type Sample } from '../page/content.ts';
import type { App } from './app.ts';

/**
 * Adds `/data/NAME` for the four files of Fashion-MNIST, with which the page trains. A file is sent as it lies in the folder:
 * plain, or compressed by gzip, which its first bytes say. Adds `/data/samples`: some test images, each with its label and its pixels in base64.
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
      // Private: the service may ask for a key.
      const options = { cacheControl: false, contentType: false };
      void reply.type('application/octet-stream').header('cache-control', 'private, max-age=86400');
      return reply.sendFile(basename(path), root, options);
    });
  }
  let samples: Promise<Sample[]> | undefined;
  app.get('/data/samples', { schema: { hide: true } }, async ({ log }, reply) => {
    // Without data the page shows no test images, and says what to do when it should train.
    samples ??= readSamples(folder).catch((error: unknown) => {
      log.warn({ err: error }, 'no test images for the page');
      return [];
    });
    return reply.header('cache-control', 'no-cache').send(await samples);
  });
}
