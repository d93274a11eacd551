import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { FileError, readError, writeError } from './fileError.ts';

/** A file to which lines are appended. */
export interface LineFile {
  /**
   * Writes one line, which other processes can read at once.
   *
   * @throws FileError where it cannot be written; the file then ends with the line before
   */
  append: (line: string) => void;
  /** Flushes to the disk. */
  sync: () => void;
  /** Flushes to the disk, and closes the file. */
  close: () => void;
}

/**
 * Opens a file for appending, and creates a missing one. An incomplete last line, left by a crash, is removed.
 *
 * @throws FileError where the file cannot be opened for writing
 */
export function openLines(path: string): LineFile {
  let file: number;
  let length: number;
  try {
    file = openSync(path, 'a+');
    length = readFileSync(path).lastIndexOf('\n') + 1;
    ftruncateSync(file, length);
  } catch (error) {
    throw writeError(path, error);
  }
  return {
    append(text) {
      const line = Buffer.from(`${text}\n`);
      try {
        for (let done = 0; done < line.length;) done += writeSync(file, line, done);
      } catch (error) {
        ftruncateSync(file, length);
        throw writeError(path, error);
      }
      length += line.length;
    },
    sync() {
      fsyncSync(file);
    },
    close() {
      fsyncSync(file);
      closeSync(file);
    },
  };
}

/**
 * What the lines of a file say, without an incomplete last line, which a crash left.
 *
 * @param parse what a line says; undefined where it is none
 * @param what names a line in errors: `a metrics record`
 * @throws FileError where the file cannot be read, or naming the first line that says nothing
 */
export function readLines<T>(path: string, parse: (line: string) => T | undefined, what: string): T[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw readError(path, error);
  }
  return text
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      const record = parse(line);
      if (record !== undefined) return record;
      const shown = JSON.stringify(line.slice(0, 80));
      throw new FileError(`${path}:${index + 1}`, `is not ${what}: ${shown}; correct or remove this line`);
    });
}
