import { Readable } from 'node:stream';
import type { App } from './app.ts';

/** Bytes of an answer that are given to the connection at once. */
const PIECE = 64 * 2 ** 10;

/**
 * Sends long answers in pieces, the next when the connection has taken the one before. So an answer that nobody reads
 * doesn't wait in the connection's memory, and it can be seen whether somebody reads.
 */
export function sendInPieces(app: App): void {
  app.addHook('onSend', (request, reply, payload, done) => {
    const isWhole = typeof payload === 'string' || Buffer.isBuffer(payload);
    if (!isWhole || payload.length <= PIECE || request.method === 'HEAD') {
      done(null, payload);
      return;
    }
    const bytes = Buffer.from(payload);
    reply.header('content-length', bytes.length);
    done(null, Readable.from(pieces(bytes), { objectMode: false, highWaterMark: PIECE }));
  });
}

function* pieces(bytes: Buffer): Generator<Buffer> {
  for (let begin = 0; begin < bytes.length; begin += PIECE) yield bytes.subarray(begin, begin + PIECE);
}
