import { type FileHandle, open } from 'node:fs/promises';

import { checksumOf, type DataFile, fill, plausibleSize, readDataFile } from './dataFile.ts';
import { DataError } from './errors.ts';

/** Bytes of a piece: few enough to be in the processor's cache still when it is hashed and copied. */
const PIECE = 2 ** 20;

/**
 * Reads one file, plain or gzip, piece by piece, and checks it. A plain one is never in memory as a whole: pieces lie in
 * two buffers that take turns, and the next is read while one is used.
 *
 * @yields the decompressed bytes in their order, each piece valid until the next is asked for. They are not to be relied on
 *   before the last one was taken and the reading has ended without an error
 * @throws DataError as {@link readDataFile}; of a checksum that differs, at the end
 */
export async function* readPieces(path: string, file: DataFile): AsyncGenerator<Uint8Array, void> {
  if ((await plausibleSize(path, file)) !== file.bytes) {
    // Compressed, or not the file.
    const whole = await readDataFile(path, file);
    for (let at = 0; at < whole.length; at += PIECE) yield whole.subarray(at, at + PIECE);
    return;
  }
  const { hash, expected } = checksumOf(file);
  const handle = await open(path);
  try {
    for await (const piece of readAhead(handle, file.bytes)) {
      hash.update(piece);
      yield piece;
    }
  } finally {
    await handle.close();
  }
  if (hash.digest('hex') === expected) return;
  await readDataFile(path, file); // says what is wrong
  throw new DataError(`${path}: changed while it was read`, { fix: 'start again' });
}

async function* readAhead(handle: FileHandle, size: number): AsyncGenerator<Uint8Array, void> {
  const buffers = [Buffer.allocUnsafeSlow(PIECE), Buffer.allocUnsafeSlow(PIECE)] as const;
  const read = (turn: number): Promise<Buffer> => {
    const position = turn * PIECE;
    const length = Math.max(0, Math.min(PIECE, size - position));
    return fill(handle, buffers[turn % 2]!.subarray(0, length), position);
  };
  let reading = read(0);
  try {
    for (let turn = 1; ; turn++) {
      const piece = await reading;
      if (piece.length === 0) return;
      reading = read(turn);
      yield piece;
    }
  } finally {
    // Nothing is under way any more when the file is closed.
    await reading.catch(() => undefined);
  }
}
