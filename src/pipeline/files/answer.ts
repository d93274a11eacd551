import { WgradError } from '../../backend/errors.ts';

/** An answer has more bytes than its reader takes. */
export class TooLongError extends WgradError {
  override name = 'TooLongError';
}

/**
 * The body of an answer of a server, which may send it without an end.
 *
 * @throws TooLongError for more than `most` bytes; the rest is not received
 */
export async function readAnswer({ body }: Response, most: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > most) throw new TooLongError(`the answer is longer than ${most} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}
