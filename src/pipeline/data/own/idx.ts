import { DataError } from '../errors.ts';
import { type IdxImages, readIdxImages, readIdxLabels } from '../idx.ts';
import {
  filesOfPart,
  GUIDE,
  MOST_BYTES,
  namesIn,
  numberedClasses,
  type OwnImages,
  readLimited,
} from './parts.ts';

/** MNIST's names, and those of its successors: `emnist-letters-train-images-idx3-ubyte.gz`. */
const PARTS = {
  train: [/(^|-)train-images[-.]idx3-ubyte(\.gz)?$/, /(^|-)train-labels[-.]idx1-ubyte(\.gz)?$/],
  test: [/(^|-)(t10k|test)-images[-.]idx3-ubyte(\.gz)?$/, /(^|-)(t10k|test)-labels[-.]idx1-ubyte(\.gz)?$/],
};

/**
 * Reads a folder with IDX files as MNIST's: images of any size, up to 256 classes, plain or gzip.
 *
 * @param classes class names; default: the labels of the training images, from 0 up
 * @throws DataError where a file is missing or damaged, or files do not belong together
 */
export async function readIdxFolder(
  root: string,
  classes: readonly string[] | undefined,
): Promise<OwnImages> {
  const names = await namesIn(root);
  const trainFiles = filesOfPart(root, names, PARTS.train);
  if (!trainFiles) {
    throw new DataError(`${root}: no training images`, {
      expected: 'train-images-idx3-ubyte and train-labels-idx1-ubyte, plain or .gz',
      got: names.length > 0 ? names.slice(0, 10).join(', ') : 'an empty folder',
      fix: GUIDE,
    });
  }
  const train = await readPart(trainFiles, classes?.length);
  const named = classes ?? numberedClasses(train.labels);
  const testFiles = filesOfPart(root, names, PARTS.test);
  const test = testFiles && (await readPart(testFiles, named.length));
  if (test && (test.rows !== train.rows || test.columns !== train.columns)) {
    throw new DataError(`${testFiles[0]!}: images of another size than the training images`, {
      expected: `${train.rows} × ${train.columns} pixels, as in ${trainFiles[0]!}`,
      got: `${test.rows} × ${test.columns}`,
    });
  }
  return {
    height: train.rows,
    width: train.columns,
    classes: named,
    train: setOf(train),
    test: test && setOf(test),
  };
}

type Part = IdxImages & { readonly labels: Uint8Array };

async function readPart(files: readonly string[], classes = 256): Promise<Part> {
  const [imageFile, labelFile] = files as [string, string];
  const options = { maxBytes: MOST_BYTES };
  const images = readIdxImages(await readLimited(imageFile, MOST_BYTES), { ...options, label: imageFile });
  const bytes = await readLimited(labelFile, MOST_BYTES);
  const labels = readIdxLabels(bytes, { ...options, label: labelFile, classes });
  if (labels.length === images.count) return { ...images, labels };
  throw new DataError(`${labelFile}: does not belong to ${imageFile}`, {
    expected: `one label for each of the ${images.count} images`,
    got: `${labels.length} labels`,
  });
}

function setOf({ pixels, labels, count }: Part): OwnImages['train'] {
  return { images: pixels, labels, count };
}
