import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { FASHION_MNIST_FILES, listFiles } from '../../pipeline/data/fashionMnist.ts';
import { readIdxImages, readIdxLabels } from '../../pipeline/data/idx.ts';
import { CLASS_NAMES } from '../../pipeline/data/images.ts';
import { findRawFile } from '../../pipeline/data/rawFolder.ts';
import { RequestError } from '../errors.ts';
import type { App } from './app.ts';

/** Test images that the page shows, of each class. */
const SAMPLES = 2;

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

interface Sample {
  readonly label: number;
  /** uint8[28 · 28] in base64. */
  readonly pixels: string;
}

/** The first test images of each class. */
async function readSamples(folder: string): Promise<Sample[]> {
  const { testImages, testLabels } = FASHION_MNIST_FILES;
  const [imageBytes, labelBytes] = await Promise.all(
    [testImages, testLabels].map(async (file) =>
      readFile((await findRawFile(folder, file)) ?? join(folder, file.name)),
    ),
  );
  const { rows, columns, pixels } = readIdxImages(imageBytes!);
  const labels = readIdxLabels(labelBytes!);
  const size = rows * columns;
  return CLASS_NAMES.flatMap((_, label) => {
    const found = [...labels.keys()].filter((index) => labels[index] === label).slice(0, SAMPLES);
    return found.map((index) => ({
      label,
      pixels: Buffer.from(pixels.subarray(index * size, (index + 1) * size)).toString('base64'),
    }));
  });
}
