import { type Kind, kindOf } from '../tensor/arguments.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { DataFormatError } from './formatError.ts';

/** A `File`, `Blob` or `Response`. */
export interface FileLike {
  /** All of its bytes. */
  arrayBuffer(): Promise<ArrayBuffer | Uint8Array>;
}

/**
 * The bytes of a file: in memory, as a `File`, `Blob` or `Response`, or as a stream of parts such as Node's
 * `createReadStream`.
 */
export type ByteSource = Uint8Array | ArrayBuffer | AsyncIterable<Uint8Array> | FileLike;

export const BYTE_SOURCE: Kind = {
  takes: 'the bytes of a file: a Uint8Array, ArrayBuffer, File, Blob or Response, or a stream of bytes',
  fits: (value) =>
    typeof value === 'object' &&
    value !== null &&
    (value instanceof Uint8Array ||
      value instanceof ArrayBuffer ||
      Symbol.asyncIterator in value ||
      'arrayBuffer' in value),
};

/** The most bytes that a file may have, or unpack to, unless the caller says otherwise. */
export const MOST_BYTES: number = 2 ** 30;

/**
 * The bytes of a source in parts, unpacked where they are gzip. A small hostile file can unpack to terabytes: no more than
 * `most` bytes are given out.
 *
 * @param file names the file in errors
 * @throws DataFormatError when the gzip data are damaged, there are more bytes, or a response says that there is no such file;
 * ArgumentError for a stream of something else
 */
export async function* partsOf(
  source: ByteSource,
  file: string,
  most: number,
): AsyncGenerator<Uint8Array, void> {
  let count = 0;
  for await (const part of unpacked(plainParts(source, file), file)) {
    count += part.length;
    if (count > most) {
      throw new DataFormatError(file, 'too large', { takes: `at most ${most} bytes, unpacked`, got: 'more' });
    }
    yield part;
  }
}

/** All bytes of a source; see `partsOf`. */
export async function bytesOf(source: ByteSource, file: string, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of partsOf(source, file, most)) parts.push(part);
  return joined(parts);
}

/** Parts as one array; a single part is not copied. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

async function* plainParts(source: ByteSource, file: string): AsyncGenerator<Uint8Array, void> {
  if (source instanceof Uint8Array) yield source;
  else if (source instanceof ArrayBuffer) yield new Uint8Array(source);
  else if (Symbol.asyncIterator in source) {
    for await (const part of source) yield checkedPart(part);
  } else {
    const { ok, status } = source as { readonly ok?: boolean; readonly status?: number };
    if (ok === false) {
      throw new DataFormatError(file, 'the server did not send it', {
        takes: 'a response of status 200',
        got: `status ${status}`,
      });
    }
    const bytes = await source.arrayBuffer();
    yield bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  }
}

/** Text in place of bytes, as a Node stream with an encoding gives it, would be taken for zeros. */
function checkedPart(part: unknown): Uint8Array {
  if (part instanceof Uint8Array) return part;
  throw new ArgumentError('ByteSource', 'a part of the stream is not bytes', {
    takes: 'a stream of Uint8Array; open it without an encoding',
    got: kindOf(part),
  });
}

async function* unpacked(
  parts: AsyncGenerator<Uint8Array, void>,
  file: string,
): AsyncGenerator<Uint8Array, void> {
  // The first two bytes tell; a stream may give them one at a time.
  let head: Uint8Array = new Uint8Array(0);
  while (head.length < 2) {
    const { done, value } = await parts.next();
    if (done) break;
    head = joined([head, value]);
  }
  const all = (async function* () {
    yield head;
    yield* parts;
  })();
  yield* head[0] === 0x1f && head[1] === 0x8b ? gunzipped(all, file) : all;
}

async function* gunzipped(
  parts: AsyncGenerator<Uint8Array, void>,
  file: string,
): AsyncGenerator<Uint8Array, void> {
  const { readable, writable } = new DecompressionStream('gzip');
  const reader = readable.getReader();
  const writer = writable.getWriter();
  /** Why the source failed. */
  let failure: { readonly error: unknown } | undefined;
  const read = async (): Promise<void> => {
    try {
      for (;;) {
        const { done, value } = await parts.next().catch((error: unknown) => {
          failure = { error };
          throw error;
        });
        if (done) break;
        await (writer as { write(bytes: Uint8Array): Promise<void> }).write(value);
      }
      await writer.close();
    } catch (error) {
      await writer.abort(error);
    }
  };
  // What fails here fails the reader, too.
  read().catch(() => undefined);
  writer.closed.catch(() => undefined);
  try {
    for (;;) {
      const next: unknown = await reader.read().catch((error: unknown) => {
        throw failure ? failure.error : damaged(file, error);
      });
      const { value } = next as { value?: Uint8Array | undefined };
      if (!value) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
    await parts.return(undefined).catch(() => undefined);
  }
}

function damaged(file: string, error: unknown): DataFormatError {
  return new DataFormatError(file, 'damaged or truncated gzip data', {
    takes: 'a whole gzip file',
    got: (error as Error).message,
  });
}
