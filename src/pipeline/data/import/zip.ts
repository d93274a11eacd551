import { type UnzipFileInfo, unzipSync } from 'fflate';
import { DataError } from '../errors.ts';

/** A header may claim billions of files. */
const MOST_ENTRIES = 10_000;

/** Whether the bytes begin as a zip archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/**
 * The names of the files in a zip archive.
 *
 * @param label names the archive in errors
 * @throws DataError for a damaged archive, or more than 10,000 files
 */
export function zipNames(bytes: Uint8Array, label: string): string[] {
  const names: string[] = [];
  visit(bytes, label, ({ name }) => {
    if (names.length === MOST_ENTRIES) {
      throw new DataError(`${label}: too many files`, { expected: `at most ${MOST_ENTRIES}` });
    }
    names.push(name);
    return false;
  });
  return names;
}

/**
 * Unpacks one file of a zip archive. The memory that it takes has the size that the archive states, which is checked first; what
 * unpacks to more is cut off there.
 *
 * @throws DataError for a damaged archive, or a file of more than `most` bytes
 */
export function readZipFile(bytes: Uint8Array, name: string, label: string, most: number): Uint8Array {
  const files = visit(bytes, label, (file) => {
    if (file.name !== name) return false;
    if (file.originalSize <= most) return true;
    throw new DataError(`${label}: ${name} is too large`, {
      expected: `at most ${most} bytes, unpacked`,
      got: String(file.originalSize),
    });
  });
  return files[name]!;
}

function visit(
  bytes: Uint8Array,
  label: string,
  filter: (file: UnzipFileInfo) => boolean,
): Readonly<Record<string, Uint8Array>> {
  try {
    return unzipSync(bytes, { filter });
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(
      `${label}: a damaged or truncated zip archive`,
      { got: (error as Error).message, fix: 'download it again' },
      error,
    );
  }
}
