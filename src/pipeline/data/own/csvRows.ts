import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { DataError } from '../errors.ts';
import { GUIDE } from './parts.ts';

/** Characters of a line; an image of 1024 × 1024 pixels takes up to 4 · 2²⁰. */
const LONGEST_LINE = 2 ** 23;

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

function plain(field: string): string {
  return field.trim().replace(/^"(.*)"$/, '$1');
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
