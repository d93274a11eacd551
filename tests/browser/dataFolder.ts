import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { FASHION_MNIST_FILES } from '../../src/pipeline/data/fashionMnist.ts';
import { writeIdxImages, writeIdxLabels } from '../../src/pipeline/data/idx.ts';
import type { ImageSet } from '../../src/pipeline/data/images.ts';

/** Writes images as the four files of Fashion-MNIST, one of them compressed. Returns the folder. */
export async function writeDataFolder(folder: string, train: ImageSet, test: ImageSet): Promise<string> {
  await mkdir(folder, { recursive: true });
  const { trainImages, trainLabels, testImages, testLabels } = FASHION_MNIST_FILES;
  const idx = ({ images: pixels, count }: ImageSet): Buffer =>
    writeIdxImages({ count, rows: 28, columns: 28, pixels });
  await writeFile(join(folder, `${trainImages.name}.gz`), gzipSync(idx(train)));
  await writeFile(join(folder, trainLabels.name), writeIdxLabels(train.labels));
  await writeFile(join(folder, testImages.name), idx(test));
  await writeFile(join(folder, testLabels.name), writeIdxLabels(test.labels));
  return folder;
}
