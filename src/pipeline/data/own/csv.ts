import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { DataError } from '../errors.ts';
import { MOST_CLASSES } from '../description.ts';
import type { ImageSet } from '../fashionMnist.ts';
import { filesOfPart, GUIDE, MOST_BYTES, namesIn, type OwnImages } from './parts.ts';

/** Kaggle's names: `fashion-mnist_train.csv`, `mnist_test.csv`, `train.csv`. */
const PARTS = { train: [/(^|[-_.])train\.csv(\.gz)?$/i], test: [/(^|[-_.])test\.csv(\.gz)?$/i] };

/** Characters of a line; an image of 1024 × 1024 pixels takes up to 4 · 2²⁰. */
const LONGEST_LINE = 2 ** 23;

const PIXEL = /^(?:(?:pixel|px|p)[-_]?)?\d+$|^\d+x\d+$/i;

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

/** An image of a CSV file. */
export interface CsvRow {
  /** Undefined where the file has no column label. */
  readonly label: string | undefined;
  /** uint8[pixels]. */
  readonly pixels: Uint8Array;
  /** The names of the pixels' columns. */
  readonly columns: readonly string[];
  /** Its line in the file, from 1. */
  readonly line: number;
}

/**
 * Reads the images of a CSV file, one after the other.
 *
 * @throws DataError naming file, line and column of what is wrong
 */
export async function* readCsvRows(
  path: string,
  { needsLabels }: { readonly needsLabels: boolean },
): AsyncGenerator<CsvRow> {
  let header: Header | undefined;
  for await (const { number, text } of linesOf(path)) {
    if (header) yield readRow(path, number, text, header);
    else header = readHeader(path, text.split(','), needsLabels);
  }
  if (!header) throw new DataError(`${path}: empty`, { expected: 'a line of column names', fix: GUIDE });
}

interface Header {
  readonly columns: readonly string[];
  /** Index of the column label, or -1. */
  readonly label: number;
  readonly pixels: readonly string[];
}

const [COMMA, ZERO] = [44, 48];

/** Digits are read from the line itself: a string for each of 47 million values would take most of the time. */
function readRow(path: string, number: number, line: string, header: Header): CsvRow {
  const { columns, label: labelColumn, pixels: names } = header;
  const pixels = new Uint8Array(names.length);
  let label: string | undefined;
  let [column, start, used] = [0, 0, 0];
  let [value, isDigits] = [0, true];
  for (let at = 0; at <= line.length; at++) {
    const code = at < line.length ? line.charCodeAt(at) : COMMA;
    if (code !== COMMA) {
      const digit = code - ZERO;
      isDigits &&= digit >= 0 && digit <= 9;
      value = 10 * value + digit;
      continue;
    }
    if (column === labelColumn) {
      label = plain(line.slice(start, at));
    } else if (column < columns.length) {
      if (at === start) value = NaN;
      else if (!isDigits) value = Number(line.slice(start, at));
      if (!(value >= 0 && value <= 255 && Number.isInteger(value))) {
        throw new DataError(`${path}: no pixel: line ${number}, column ${columns[column]!}`, {
          expected: 'a whole number from 0 to 255',
          got: line.slice(start, Math.min(at, start + 100)) || 'nothing',
        });
      }
      pixels[used++] = value;
    }
    column++;
    start = at + 1;
    value = 0;
    isDigits = true;
  }
  if (column === columns.length) return { label, pixels, columns: names, line: number };
  throw new DataError(`${path}: line ${number} has another number of values`, {
    expected: `${columns.length}, as the first line`,
    got: String(column),
  });
}

function readHeader(path: string, fields: readonly string[], needsLabels: boolean): Header {
  const columns = fields.map((field) => plain(field));
  const label = columns.findIndex((name) => name.toLowerCase() === 'label');
  const pixels = columns.filter((_, column) => column !== label);
  const stranger = pixels.find((name) => !PIXEL.test(name));
  const lacksLabels = needsLabels && label === -1;
  if (!lacksLabels && stranger === undefined && pixels.length > 0) {
    requireOrder(path, pixels);
    return { columns, label, pixels };
  }
  const few = columns.slice(0, 8).map((name) => name.slice(0, 40));
  throw new DataError(`${path}: ${lacksLabels ? 'no column label' : 'no column for each pixel'}`, {
    expected: 'a first line such as label,pixel0,pixel1,…',
    got: stranger !== undefined && !lacksLabels ? `the column ${stranger.slice(0, 100)}` : few.join(','),
    fix: GUIDE,
  });
}

/** Pixels are read from left to right, so their columns must come in the order of their numbers. */
function requireOrder(path: string, pixels: readonly string[]): void {
  const places = pixels.map((name) => {
    const [row = 0, column = 0] = [...name.matchAll(/\d+/g)].map(([digits]) => Number(digits));
    return row * 2 ** 20 + column;
  });
  const wrong = places.findIndex((place, at) => at > 0 && place <= places[at - 1]!);
  if (wrong === -1) return;
  throw new DataError(`${path}: the columns of the pixels are not in order`, {
    expected: 'each pixel once, row by row',
    got: `${pixels[wrong]!} after ${pixels[wrong - 1]!}`,
  });
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, 10).join(', ').slice(0, 200)}${names.length > 10 ? ', …' : ''}`;
}

function plain(field: string): string {
  return field.trim().replace(/^"(.*)"$/, '$1');
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

/** The lines of a file that are not blank, without their ends, with their numbers from 1. */
async function* linesOf(path: string): AsyncGenerator<{ readonly number: number; readonly text: string }> {
  const info = await stat(path);
  if (!info.isFile()) throw new DataError(`${path}: not a regular file`);
  const file = createReadStream(path, { highWaterMark: 2 ** 18 });
  const stream = /\.gz$/i.test(path) ? file.pipe(createGunzip()) : file;
  file.on('error', (error) => stream.destroy(error));
  const decoder = new TextDecoder('utf-8');
  let rest = '';
  let number = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r?\n/);
      rest = lines.pop()!;
      for (const text of lines) {
        number++;
        if (text.trim() !== '') yield { number, text };
      }
      if (rest.length > LONGEST_LINE) {
        throw new DataError(`${path}: a line without end`, {
          expected: `at most ${LONGEST_LINE} characters`,
        });
      }
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${path}: cannot be read`, { got: (error as Error).message }, error);
  } finally {
    file.destroy();
  }
  if (rest.trim() !== '') yield { number: number + 1, text: rest };
}
