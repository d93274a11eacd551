/** The user's own data: IDX files, CSV files or image folders. */
import type { DataConfiguration } from '../../config/configuration.ts';
import { type DataDescription, type LoadedData, MOST_SIDE } from '../description.ts';
import { findPointer, pointerPath } from '../dvc/pointer.ts';
import { hashDirectory } from '../dvc/hash.ts';
import { DataError } from '../errors.ts';
import type { ImageSet } from '../images.ts';
import { shellWord } from '../../text/shellWord.ts';
import type { Reporter } from '../reporter.ts';
import { stratifiedSplit } from '../split.ts';
import { readCsvFolder } from './csv.ts';
import { readIdxFolder } from './idx.ts';
import { GUIDE, namesIn, type OwnImages } from './parts.ts';
import { readImageFolders } from './pictures.ts';

/** The part of the images that is held out for the test where the folder has no test images. */
const TEST_SHARE = 0.2;
/** The split of the test images does not depend on the run's seed: all runs are tested on the same images. */
const TEST_SEED = 0;
/** Records list the files of a folder up to this number. */
const FEW_FILES = 16;

/**
 * Loads the data set that a configuration describes, in the version of the folder's pointer file or of the configuration;
 * without either, the one that is there.
 *
 * @throws DataError where the folder holds another version, or the data cannot be used, saying what to do
 */
export async function loadOwn(
  configuration: DataConfiguration,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<LoadedData> {
  const { name, root } = configuration;
  await namesIn(root);
  const { md5: version, files } = await hashDirectory(root);
  await requireVersion(configuration, version);
  const images = await readImages(configuration, reporter, signal);
  requireClasses(root, images);
  const { train, test } = images.test
    ? { train: images.train, test: images.test }
    : splitTest(configuration, images);
  if (test.count === 0) throw new DataError(`${root}: no test images`, { fix: GUIDE });
  const checksums =
    files.length <= FEW_FILES
      ? Object.fromEntries(files.map(({ relpath, md5 }) => [relpath, md5]))
      : { [name]: version };
  return { train, test, checksums, version, description: describe(root, images, train) };
}

function readImages(
  { format, root, classes, size }: DataConfiguration,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<OwnImages> {
  switch (format) {
    case 'idx':
      return readIdxFolder(root, classes);
    case 'csv':
      return readCsvFolder(root, classes, size, signal);
    case 'images':
      return readImageFolders(root, size, reporter, signal);
    case 'fashion-mnist':
      throw new DataError('fashion-mnist is not a format of own data');
  }
}

async function requireVersion({ root, version }: DataConfiguration, present: string): Promise<void> {
  const pointer = await findPointer(root);
  const wanted = version ?? pointer?.md5;
  if (wanted === undefined || wanted === present) return;
  throw new DataError(
    `${root}: not the version of the data that ${version ? 'was asked for' : 'is committed'}`,
    {
      expected: `${wanted}, as ${version ? 'data.version' : pointerPath(root)} says`,
      got: present,
      fix: version
        ? 'restore the files, or leave out data.version'
        : `restore the files, or record them as they are: npx tsx src/data.ts lock --root ${shellWord(root)}`,
    },
  );
}

/** @throws DataError where there is nothing to tell apart */
function requireClasses(root: string, { train, height, width, classes }: OwnImages): void {
  // As the key of an object it would be lost.
  if (classes.includes('__proto__')) {
    throw new DataError(`${root}: a class cannot be named __proto__`, { fix: 'give the class another name' });
  }
  if (height > MOST_SIDE || width > MOST_SIDE) {
    throw new DataError(`${root}: images of ${height} × ${width} pixels`, {
      expected: `at most ${MOST_SIDE} × ${MOST_SIDE}`,
    });
  }
  const present = new Set(train.labels);
  if (present.size >= 2) return;
  throw new DataError(`${root}: nothing to tell apart`, {
    expected: 'training images of two classes or more',
    got: train.count === 0 ? 'no images' : `${train.count} images of one class`,
  });
}

/** Holds out test images, each class its share. */
function splitTest({ root, test = TEST_SHARE }: DataConfiguration, { train, height, width }: OwnImages) {
  if (test >= 1 && test >= train.count) {
    throw new DataError('data.test: nothing is left to train on', {
      expected: `fewer than the ${train.count} images of ${root}`,
      got: String(test),
    });
  }
  const split = stratifiedSplit(train.labels, test, TEST_SEED);
  const pixels = height * width;
  const choose = (rows: Uint32Array): ImageSet => {
    const images = new Uint8Array(rows.length * pixels);
    rows.forEach((row, at) =>
      images.set(train.images.subarray(row * pixels, (row + 1) * pixels), at * pixels),
    );
    return { images, labels: Uint8Array.from(rows, (row) => train.labels[row]!), count: rows.length };
  };
  return { train: choose(split.train), test: choose(split.validation) };
}

function describe(
  root: string,
  { height, width, classes }: OwnImages,
  { images }: ImageSet,
): DataDescription {
  let sum = 0;
  let squares = 0;
  for (const value of images) {
    sum += value;
    squares += value * value;
  }
  // The sums are exact: below 2^53.
  const mean = sum / images.length;
  const std = Math.sqrt(Math.max(0, squares / images.length - mean * mean));
  const share = (value: number): number => Number((value / 255).toFixed(6));
  if (share(std) === 0) {
    throw new DataError(`${root}: all pixels of the training images are equal`, {
      expected: 'images that differ',
    });
  }
  return { height, width, classes, mean: share(mean), std: share(std), preparation: 'resize' };
}
