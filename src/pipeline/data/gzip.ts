import { gunzipSync } from 'node:zlib';

import { DataError } from './errors.ts';

/** Whether the bytes begin like a gzip file (RFC 1952, 2.3.1). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * Decompresses gzip, refusing to produce more than `maxBytes`: a small hostile file can unpack to
 * terabytes, and the memory used here stays of the order of the limit.
 *
 * @param label names the file in errors
 * @throws DataError when the data are damaged, truncated or unpack to more than `maxBytes`
 */
export function gunzip(bytes: Uint8Array, maxBytes: number, label: string): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw new DataError(
      tooLarge ? `${label}: unpacks to more than is allowed` : `${label}: damaged or truncated gzip data`,
      {
        expected: `gzip of at most ${maxBytes} bytes`,
        got: tooLarge ? 'more' : (error as Error).message,
        fix: 'fetch the file again from a source that you trust',
      },
      { cause: error },
    );
  }
}
