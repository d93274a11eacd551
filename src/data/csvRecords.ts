import { joined } from './bytes.ts';
import { DataFormatError } from './formatError.ts';

/** Bytes of a record. */
const LONGEST = 2 ** 23;
/** Bytes that are looked at at a time, so that a record without end is noticed early. */
const PIECE = 2 ** 18;

const [QUOTE, LF, CR, MINUS, POINT, ZERO] = [34, 10, 13, 45, 46, 48];
/** Powers of ten that a double holds exactly. */
const TENS = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A record of a CSV file: one line, or several where a quoted field goes over lines. */
export interface CsvRecord {
  /** Its first line in the file, from 1. */
  readonly line: number;
  /** The number of fields. */
  readonly length: number;
  /** A field without its quotes. */
  text(field: number): string;
  /** A field as a number; NaN where it is none. */
  number(field: number): number;
}

/**
 * The records of a CSV file (RFC 4180): fields in quotes may hold delimiters, doubled quotes and line breaks; lines end in
 * LF or CRLF; blank lines are left out. Each record is valid until the next one is taken.
 *
 * @param file names the file in errors
 * @throws DataFormatError for a quote that is not closed, text behind a quote, bytes that are not UTF-8, or a record of more than
 * 8 MiB
 */
export async function* csvRecords(
  parts: AsyncIterable<Uint8Array>,
  file: string,
  delimiter: string = ',',
): AsyncGenerator<CsvRecord> {
  const reader = new Reader(file, delimiter.charCodeAt(0));
  for await (const part of parts) {
    for (let start = 0; start < part.length; start += PIECE) {
      reader.add(part.subarray(start, start + PIECE));
      while (reader.next(false)) yield reader;
    }
  }
  while (reader.next(true)) yield reader;
}

/** It is its own record, and works on bytes: a string for each of many million fields would take most of the time. */
class Reader implements CsvRecord {
  line = 0;
  length = 0;
  readonly #file: string;
  readonly #delimiter: number;
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
  #bytes: Uint8Array = new Uint8Array(0);
  /** Where the next record begins, and its line. */
  #next = 0;
  #nextLine = 1;
  #isStart = true;
  /** With how many bytes an unfinished record is looked at again, so that a long one is not scanned for each part. */
  #tryAgain = 0;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  constructor(file: string, delimiter: number) {
    this.#file = file;
    this.#delimiter = delimiter;
  }

  /** Adds bytes to the end. */
  add(part: Uint8Array): void {
    const rest = this.#bytes.subarray(this.#next);
    this.#bytes = rest.length === 0 ? part : joined([rest, part]);
    this.#next = 0;
  }

  /** Goes to the next record; false where its end is not there yet. */
  next(isLast: boolean): boolean {
    if (this.#isStart && this.#bytes.length >= 3) {
      this.#isStart = false;
      // The byte order mark.
      if (this.#bytes[0] === 0xef && this.#bytes[1] === 0xbb && this.#bytes[2] === 0xbf) this.#next = 3;
    }
    while (this.#next < this.#bytes.length) {
      const start = this.#next;
      const rest = this.#bytes.length - start;
      if (rest < Math.min(this.#tryAgain, LONGEST) && !isLast) return false;
      const isWhole = this.#scan(isLast);
      if ((isWhole ? this.#next - start : rest) > LONGEST) {
        const line = isWhole ? this.line : this.#nextLine;
        throw this.#error('a line without end', `at most ${LONGEST} bytes`, 'more', line);
      }
      if (!isWhole) {
        this.#tryAgain = 2 * rest;
        return false;
      }
      this.#tryAgain = 0;
      if (this.length > 1 || this.text(0).trim() !== '') return true;
    }
    return false;
  }

  text(field: number): string {
    const [start, end] = [this.#starts[field]!, this.#ends[field]!];
    if (this.#bytes[start] !== QUOTE) return this.#decoded(start, end);
    return this.#decoded(start + 1, end - 1).replaceAll('""', '"');
  }

  /** Other encodings are refused: names of classes would become equal where unknown bytes are replaced. */
  #decoded(start: number, end: number): string {
    try {
      return this.#decoder.decode(this.#bytes.subarray(start, end));
    } catch {
      throw this.#error('not UTF-8', 'text in UTF-8', 'other bytes', this.line);
    }
  }

  number(field: number): number {
    const bytes = this.#bytes;
    const start = this.#starts[field]!;
    const end = this.#ends[field]!;
    const isNegative = bytes[start] === MINUS;
    let at = isNegative ? start + 1 : start;
    let digits = end - at;
    let [point, value] = [end, 0];
    for (; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit >= 0 && digit <= 9) value = 10 * value + digit;
      else if (bytes[at] === POINT && point === end) {
        point = at + 1;
        digits--;
      } else return this.#otherNumber(field);
    }
    // Both factors are exact, so the quotient is rounded once.
    if (digits < 1 || digits > 15) return this.#otherNumber(field);
    value /= TENS[end - point]!;
    return isNegative ? -value : value;
  }

  #otherNumber(field: number): number {
    const text = this.text(field).trim();
    return NUMBER.test(text) ? Number(text) : NaN;
  }

  /** Finds the fields of the next record. */
  #scan(isLast: boolean): boolean {
    const bytes = this.#bytes;
    const { length } = bytes;
    const delimiter = this.#delimiter;
    let [at, count, breaks] = [this.#next, 0, 0];
    for (;;) {
      this.#starts[count] = at;
      if (bytes[at] === QUOTE) {
        const end = this.#quoted(at, isLast);
        if (end === -1) return false;
        for (; at < end; at++) if (bytes[at] === LF) breaks++;
      } else while (at < length && bytes[at] !== delimiter && bytes[at] !== LF) at++;
      if (at >= length && !isLast) return false;
      this.#ends[count++] = at;
      if (at >= length || bytes[at] === LF) break;
      if (bytes[at] === CR) {
        at++;
        break;
      }
      at++;
    }
    const last = count - 1;
    const isEndOfLine = this.#ends[last]! > this.#starts[last]! && bytes[this.#ends[last]! - 1] === CR;
    if (isEndOfLine) this.#ends[last]!--;
    this.length = count;
    this.line = this.#nextLine;
    this.#nextLine += breaks + 1;
    this.#next = Math.min(at + 1, length);
    return true;
  }

  /** Where a quoted field ends, behind its quote; -1 if that is not there yet. */
  #quoted(start: number, isLast: boolean): number {
    const bytes = this.#bytes;
    let at = start + 1;
    for (;;) {
      at = bytes.indexOf(QUOTE, at) + 1;
      if (at === 0 && !isLast) return -1;
      if (at === 0) throw this.#error('a quote without its end', 'a closing quote', 'the end of the file');
      if (bytes[at] !== QUOTE) break;
      at++;
    }
    // The bytes behind the quote decide: another quote, or the end of a line.
    if (at + 2 > bytes.length && !isLast) return -1;
    const code = bytes[at];
    const isLineEnd = code === LF || (code === CR && (at + 1 === bytes.length || bytes[at + 1] === LF));
    if (at === bytes.length || code === this.#delimiter || isLineEnd) return at;
    throw this.#error('text behind a closing quote', 'the next field, or the end of the line', 'other text');
  }

  #error(problem: string, takes: string, got: string, line: number = this.#nextLine): DataFormatError {
    return new DataFormatError(this.#file, `${problem}: line ${line}`, { takes, got });
  }
}
