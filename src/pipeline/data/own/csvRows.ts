import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { partsOf } from '../../../data/bytes.ts';
import { type CsvRecord, csvRecords } from '../../../data/csvRecords.ts';
import { DataError, formatProblem } from '../errors.ts';
import { GUIDE } from './parts.ts';

/** Bytes of a file, unpacked: text takes up to four bytes a pixel, and the pixels are limited, too. */
const MOST_TEXT = 2 ** 33;

const PIXEL = /^(?:(?:pixel|px|p)[-_]?)?\d+$|^\d+x\d+$/i;

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

/** What the rows of a CSV file are read with. */
export interface CsvReading {
  readonly needsLabels: boolean;
  /** Where the bytes come from; by default they are those of the file. */
  readonly parts?: AsyncIterable<Uint8Array> | undefined;
}

/**
 * Reads the images of a CSV file, plain or gzip, one after the other.
 *
 * @throws DataError naming file, line and column of what is wrong
 */
export async function* readCsvRows(path: string, { needsLabels, parts }: CsvReading): AsyncGenerator<CsvRow> {
  let header: Header | undefined;
  try {
    for await (const record of csvRecords(partsOf(parts ?? (await fileParts(path)), path, MOST_TEXT), path)) {
      if (header) yield readRow(path, record, header);
      else header = readHeader(path, record, needsLabels);
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw (
      formatProblem(error) ??
      new DataError(`${path}: cannot be read`, { got: (error as Error).message }, error)
    );
  }
  if (!header) throw new DataError(`${path}: empty`, { expected: 'a line of column names', fix: GUIDE });
}

async function fileParts(path: string): Promise<AsyncIterable<Uint8Array>> {
  // Asked before opening: the name may be a pipe, which would be waited for without end.
  const info = await stat(path);
  if (!info.isFile()) throw new DataError(`${path}: not a regular file`);
  return createReadStream(path, { highWaterMark: 2 ** 18 });
}

interface Header {
  readonly columns: readonly string[];
  /** Index of the column label, or -1. */
  readonly label: number;
  readonly pixels: readonly string[];
}

function readRow(path: string, record: CsvRecord, { columns, label, pixels: names }: Header): CsvRow {
  const { line } = record;
  if (record.length !== columns.length) {
    throw new DataError(`${path}: line ${line} has another number of values`, {
      expected: `${columns.length}, as the first line`,
      got: String(record.length),
    });
  }
  const pixels = new Uint8Array(names.length);
  let used = 0;
  for (let column = 0; column < columns.length; column++) {
    if (column === label) continue;
    const value = record.number(column);
    if (!(value >= 0 && value <= 255 && Number.isInteger(value))) {
      throw new DataError(`${path}: no pixel: line ${line}, column ${columns[column]!}`, {
        expected: 'a whole number from 0 to 255',
        got: record.text(column).slice(0, 100) || 'nothing',
      });
    }
    pixels[used++] = value;
  }
  return { label: label === -1 ? undefined : record.text(label).trim(), pixels, columns: names, line };
}

function readHeader(path: string, record: CsvRecord, needsLabels: boolean): Header {
  const columns = Array.from({ length: record.length }, (_, at) => record.text(at).trim());
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
