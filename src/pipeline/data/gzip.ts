import { gunzipSync } from 'node:zlib';
import { DataError } from './errors.ts';

/**
 * Decompresses gzip data of at most `maxBytes`: a small hostile file can unpack to terabytes, and the memory stays of the
 * order of the limit.
 *
 * @param label names the file in errors
 * @throws DataError when the data are damaged, truncated or unpack to more than `maxBytes`
 */
export function gunzip(bytes: Uint8Array, maxBytes: number, label: string): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    const details = {
      expected: `gzip of at most ${maxBytes} bytes`,
      got: tooLarge ? 'more' : (error as Error).message,
      fix: 'fetch the file again from a source that you trust',
    };
    const problem = tooLarge ? 'unpacks to more than is allowed' : 'damaged or truncated gzip data';
    throw new DataError(`${label}: ${problem}`, details, error);
  }
}
