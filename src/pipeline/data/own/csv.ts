import { DataError } from '../errors.ts';
import { MOST_CLASSES } from '../description.ts';
import type { ImageSet } from '../images.ts';
import { readCsvRows } from './csvRows.ts';
import { filesOfPart, GUIDE, MOST_BYTES, namesIn, type OwnImages } from './parts.ts';

/** Kaggle's names: `fashion-mnist_train.csv`, `mnist_test.csv`, `train.csv`. */
const PARTS = { train: [/(^|[-_.])train\.csv(\.gz)?$/i], test: [/(^|[-_.])test\.csv(\.gz)?$/i] };

/** A table of images. */
interface Table {
  readonly path: string;
  readonly pixels: readonly string[];
  readonly images: Uint8Array;
  readonly labels: readonly string[];
  /** The line of each image, for errors. */
  readonly lines: readonly number[];
}

/**
 * Reads a folder with `train.csv` and perhaps `test.csv`, plain or gzip: a line of column names, and a line for each
 * image with its `label` and its pixels from 0 to 255, row by row. A label is a number from 0 up, or a class name.
 *
 * @param size height and width; default: a square, or as columns such as 28x28 say
 * @throws DataError naming file, line and column of what is wrong
 */
export async function readCsvFolder(
  root: string,
  classes: readonly string[] | undefined,
  size: readonly [number, number] | undefined,
  signal: AbortSignal,
): Promise<OwnImages> {
  const names = await namesIn(root);
  const [trainFile] = filesOfPart(root, names, PARTS.train) ?? [];
  const [testFile] = filesOfPart(root, names, PARTS.test) ?? [];
  if (trainFile === undefined) {
    throw new DataError(`${root}: no training images`, {
      expected: 'train.csv, or a name that ends in _train.csv',
      got: names.length > 0 ? names.slice(0, 10).join(', ') : 'an empty folder',
      fix: GUIDE,
    });
  }
  const train = await readTable(trainFile, signal);
  const [height, width] = size ?? sizeOf(train);
  const test = testFile === undefined ? undefined : await readTable(testFile, signal);
  for (const table of test ? [train, test] : [train]) {
    if (table.pixels.length !== height * width) {
      throw new DataError(`${table.path}: wrong number of pixel columns`, {
        expected: `${height * width}: ${height} × ${width} pixels`,
        got: String(table.pixels.length),
      });
    }
  }
  if (test && test.pixels.join() !== train.pixels.join()) {
    throw new DataError(`${test.path}: other pixel columns than ${train.path}`, {
      expected: listed(train.pixels),
      got: listed(test.pixels),
    });
  }
  const named = classes ?? classesOf(train);
  const setOf = (table: Table): ImageSet => labelled(table, named, classes !== undefined);
  return { height, width, classes: named, train: setOf(train), test: test && setOf(test) };
}

/** Height and width by the names of the columns, or of a square. */
function sizeOf({ path, pixels }: Table): readonly [number, number] {
  const last = /^(\d+)x(\d+)$/i.exec(pixels.at(-1) ?? '');
  if (last) return [Number(last[1]), Number(last[2])];
  const side = Math.round(Math.sqrt(pixels.length));
  if (side > 0 && side * side === pixels.length) return [side, side];
  throw new DataError(`${path}: the size of the images is not known`, {
    expected: 'as many pixel columns as a square has, or data.size',
    got: `${pixels.length} pixel columns`,
    fix: 'give height and width, such as data.size=[32,24]',
  });
}

function classesOf({ path, labels, lines }: Table): string[] {
  const distinct = [...new Set(labels)];
  if (!distinct.every((label) => /^\d+$/.test(label))) {
    if (distinct.length <= MOST_CLASSES) return distinct.sort();
    throw new DataError(`${path}: too many classes`, {
      expected: `at most ${MOST_CLASSES}`,
      got: `${distinct.length} different labels, such as ${listed(distinct)}`,
    });
  }
  const most = distinct.reduce((most, label) => Math.max(most, Number(label)), 0);
  if (most < MOST_CLASSES) return Array.from({ length: most + 1 }, (_, label) => String(label));
  throw new DataError(`${path}: label out of range`, {
    expected: `labels from 0 to ${MOST_CLASSES - 1}, or class names`,
    got: `${most} in line ${lines[labels.findIndex((label) => Number(label) === most)]!}`,
  });
}

/** @param takesNumbers whether a number stands for the class at that place: only where the user named the classes */
function labelled(
  { path, images, labels, lines }: Table,
  classes: readonly string[],
  takesNumbers: boolean,
): ImageSet {
  const numbers = new Map(classes.map((name, label) => [name, label]));
  const bytes = Uint8Array.from(labels, (label, at) => {
    const number = numbers.get(label) ?? (takesNumbers && /^\d{1,3}$/.test(label) ? Number(label) : NaN);
    if (number < classes.length) return number;
    throw new DataError(`${path}: label out of range`, {
      expected: `${takesNumbers ? `a number from 0 to ${classes.length - 1}, or ` : ''}a class: ${listed(classes)}`,
      got: `${label.slice(0, 100)} in line ${lines[at]!}`,
    });
  });
  return { images, labels: bytes, count: labels.length };
}

async function readTable(path: string, signal: AbortSignal): Promise<Table> {
  let columns: readonly string[] = [];
  let images = new Uint8Array(0);
  let used = 0;
  const labels: string[] = [];
  const lines: number[] = [];
  for await (const row of readCsvRows(path, { needsLabels: true })) {
    if (labels.length % 1000 === 0) signal.throwIfAborted();
    columns = row.columns;
    images = grown(path, images, used + row.pixels.length);
    images.set(row.pixels, used);
    used += row.pixels.length;
    if (row.label === '') {
      throw new DataError(`${path}: no label: image ${labels.length}`, {
        expected: 'a number or a class name in the column label',
        got: 'nothing',
      });
    }
    labels.push(row.label!);
    lines.push(row.line);
  }
  return { path, pixels: columns, images: images.subarray(0, used), labels, lines };
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, 10).join(', ').slice(0, 200)}${names.length > 10 ? ', …' : ''}`;
}

/** Room for `size` bytes. */
function grown(path: string, bytes: Uint8Array<ArrayBuffer>, size: number): Uint8Array<ArrayBuffer> {
  if (size <= bytes.length) return bytes;
  if (size > MOST_BYTES)
    throw new DataError(`${path}: too large`, { expected: `at most ${MOST_BYTES} pixels` });
  const larger = new Uint8Array(Math.min(MOST_BYTES, Math.max(2 * bytes.length, size, 2 ** 16)));
  larger.set(bytes);
  return larger;
}
