import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { shellWord } from '../text/shellWord.ts';
import { DataError } from './errors.ts';
import { gunzip } from './gzip.ts';
import { isGzip } from './gzipBytes.ts';

/** One published file, identified by its decompressed content: mirrors compress it differently. */
export interface DataFile {
  /** Name of the decompressed file. Compressed, it is called `<name>.gz`. */
  readonly name: string;
  /** Size of the decompressed file in bytes. */
  readonly bytes: number;
  /** MD5 of the decompressed file, lower-case hexadecimal. */
  readonly md5: string;
  /**
   * SHA-256 of the decompressed file, lower-case hexadecimal. Where it is known it is checked in place of MD5: most
   * processors have instructions for it, which take less than half the time.
   */
  readonly sha256?: string;
}

/** Compressed files are not much larger than their content; larger ones are refused unread. */
export function maxCompressedBytes(file: DataFile): number {
  return file.bytes + 64 * 1024;
}

/** MD5 of the bytes, lower-case hexadecimal. It detects damage, not forgery. */
export function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex');
}

function isPublished(bytes: Uint8Array, file: DataFile): boolean {
  if (file.sha256 === undefined) return md5(bytes) === file.md5;
  return createHash('sha256').update(bytes).digest('hex') === file.sha256;
}

/**
 * Decompresses where necessary and checks that these are the published bytes.
 *
 * @param label names the origin in errors
 * @throws DataError when size or checksum differ
 */
export function decodeDataFile(bytes: Buffer, file: DataFile, label: string): Buffer {
  const plain = isGzip(bytes) ? gunzip(bytes, file.bytes, label) : bytes;
  if (!isPublished(plain, file)) {
    throw new DataError(`${label}: not the published ${file.name}`, {
      expected: `${file.bytes} bytes, md5 ${file.md5}`,
      got: `${plain.length} bytes, md5 ${md5(plain)}`,
      fix: restoring(label),
    });
  }
  return plain;
}

function restoring(path: string): string {
  return `if it is a damaged copy, run: npx tsx src/data.ts fetch --root ${shellWord(dirname(path))} --replace`;
}

/**
 * Reads one file, plain or gzip, and checks it.
 *
 * @returns the decompressed bytes
 * @throws DataError when it is absent, no regular file, too large, damaged or not the published file
 */
export async function readDataFile(path: string, file: DataFile): Promise<Buffer> {
  return decodeDataFile(await readWhole(path, await plausibleSize(path, file)), file, path);
}

/**
 * The size of what lies at the path, before it is read: it may be a device, or a file larger than memory.
 *
 * @throws DataError when it is absent, no regular file or too large
 */
async function plausibleSize(path: string, file: DataFile): Promise<number> {
  const info = await stat(path).catch((error: unknown) => {
    throw isAbsent(error)
      ? new DataError(`${path}: not there`, { fix: 'run: npx tsx src/data.ts fetch' }, error)
      : new DataError(`${path}: cannot be read: ${(error as Error).message}`, {}, error);
  });
  if (!info.isFile() || info.size > maxCompressedBytes(file)) {
    throw new DataError(`${path}: not the published ${file.name}`, {
      expected: `a file of ${file.bytes} bytes, or gzip of it`,
      got: info.isFile() ? `${info.size} bytes` : 'something that is not a regular file',
      fix: restoring(path),
    });
  }
  return info.size;
}

/**
 * The first `size` bytes of a file, read in one piece. `readFile` reads many pieces, and waits for the main thread after
 * each, which is busy at the start.
 */
async function readWhole(path: string, size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size);
  const handle = await open(path);
  try {
    let done = 0;
    while (done < size) {
      const { bytesRead } = await handle.read(bytes, done, size - done, done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  } finally {
    await handle.close();
  }
}

/** Whether a file system error says that the path does not exist. */
export function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
