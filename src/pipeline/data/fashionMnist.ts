import { join } from 'node:path';
import type { DataFile } from './dataFile.ts';
import { DataError } from './errors.ts';
import { readIdxImages, readIdxLabels } from './idx.ts';
import { CLASS_NAMES, IMAGE_SIZE, type ImageSet } from './images.ts';
import { readRawFile } from './rawFolder.ts';

/** The four files of the data set. */
export interface FashionMnistFiles {
  readonly trainImages: DataFile;
  readonly trainLabels: DataFile;
  readonly testImages: DataFile;
  readonly testLabels: DataFile;
}

/** The published files. Source: https://github.com/zalandoresearch/fashion-mnist, folder data/fashion. */
export const FASHION_MNIST_FILES: FashionMnistFiles = {
  trainImages: {
    name: 'train-images-idx3-ubyte',
    bytes: 47_040_016,
    md5: 'f4a8712d7a061bf5bd6d2ca38dc4d50a',
    sha256: 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
  },
  trainLabels: {
    name: 'train-labels-idx1-ubyte',
    bytes: 60_008,
    md5: '9018921c3c673c538a1fc5bad174d6f9',
    sha256: 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
  },
  testImages: {
    name: 't10k-images-idx3-ubyte',
    bytes: 7_840_016,
    md5: '8181f5470baa50b63fa0f6fddb340f0a',
    sha256: '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
  },
  testLabels: {
    name: 't10k-labels-idx1-ubyte',
    bytes: 10_008,
    md5: '15d484375f8d13e6eb1aabb0c3f46965',
    sha256: '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
  },
};

/** The published images with their labels in any order; see `contentHash`. */
export const FASHION_MNIST_CONTENTS = {
  train: '53b34d70c671317ab6e19bfef4a9fab538074e16f2d1e69fdcd5c87fe13853f5',
  test: '776f535c5f0ce6eb36b9f27daf2ee675aa10785ead3083c67d6cba183de4eb65',
} as const;

/** Default folder of the files, relative to the working directory. */
export const DEFAULT_ROOT = 'data/raw';

export interface FashionMnist {
  readonly train: ImageSet;
  readonly test: ImageSet;
  /** File name → MD5 of the decompressed file, as verified during this load. */
  readonly checksums: Readonly<Record<string, string>>;
}

/**
 * Loads the data set from `root` and verifies every file's checksum (about 0.1 s). It never uses the network;
 * `fetchFashionMnist` does.
 *
 * @param root folder with the four IDX files, decompressed or as `.gz`
 * @throws DataError when a file is missing, changed or inconsistent
 * @example
 * const { train, test } = await loadFashionMnist('data/raw');
 * train.images.subarray(0, 28 * 28); // the first image; its class is CLASS_NAMES[train.labels[0]]
 */
export async function loadFashionMnist(
  root: string = DEFAULT_ROOT,
  { files = FASHION_MNIST_FILES }: { files?: FashionMnistFiles } = {},
): Promise<FashionMnist> {
  const [train, test] = await Promise.all([
    loadSet(root, files.trainImages, files.trainLabels),
    loadSet(root, files.testImages, files.testLabels),
  ]);
  return {
    train,
    test,
    checksums: Object.fromEntries(listFiles(files).map((file) => [file.name, file.md5])),
  };
}

/** The four files as a list. */
export function listFiles(files: FashionMnistFiles): DataFile[] {
  return [files.trainImages, files.trainLabels, files.testImages, files.testLabels];
}

/** Another version of the four files: `describe` gets the published ones. */
export function mapFiles(describe: (file: DataFile) => DataFile): FashionMnistFiles {
  const { trainImages, trainLabels, testImages, testLabels } = FASHION_MNIST_FILES;
  return {
    trainImages: describe(trainImages),
    trainLabels: describe(trainLabels),
    testImages: describe(testImages),
    testLabels: describe(testLabels),
  };
}

async function loadSet(root: string, imageFile: DataFile, labelFile: DataFile): Promise<ImageSet> {
  const label = join(root, imageFile.name);
  const images = readIdxImages(await readRawFile(root, imageFile), { label });
  const { count, rows, columns } = images;
  if (rows !== IMAGE_SIZE || columns !== IMAGE_SIZE) {
    throw new DataError(`${label}: wrong image size`, {
      expected: `${IMAGE_SIZE} × ${IMAGE_SIZE} pixels`,
      got: `${rows} × ${columns}`,
    });
  }
  const options = { label: join(root, labelFile.name), classes: CLASS_NAMES.length };
  const labels = readIdxLabels(await readRawFile(root, labelFile), options);
  if (labels.length !== count) {
    throw new DataError(`${root}: images and labels do not belong together`, {
      expected: `one label for each of the ${count} images of ${imageFile.name}`,
      got: `${labels.length} labels in ${labelFile.name}`,
    });
  }
  return { images: images.pixels, labels, count };
}
