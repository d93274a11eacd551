import { Transform } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import type { FastifyInstance, RequestPayload } from 'fastify';
import { RequestError } from '../errors.ts';

const DECODERS: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  // HTTP's deflate is the format of zlib.
  ['deflate', createInflate],
]);

/**
 * Unpacks bodies that clients send with `Content-Encoding: gzip` or `deflate`. Unpacking stops at the limit for bodies,
 * so a small body fills neither memory nor time.
 */
export function acceptCompressed(app: FastifyInstance): void {
  app.addHook('preParsing', (request, _, payload, done) => {
    const encoding = request.headers['content-encoding']?.trim().toLowerCase() ?? '';
    const decoder = DECODERS.get(encoding);
    if (decoder && /^multipart\//i.test(request.headers['content-type'] ?? '')) {
      done(new RequestError(415, `a form takes no Content-Encoding, got ${encoding}`));
    } else if (decoder) {
      done(null, unpack(payload, decoder(), encoding, request.routeOptions.bodyLimit));
    } else if (encoding === '' || encoding === 'identity') {
      done(null, payload);
    } else {
      done(new RequestError(415, `Content-Encoding takes gzip, deflate or identity, got ${encoding}`));
    }
  });
}

function unpack(packed: RequestPayload, decoder: Transform, encoding: string, limit: number): RequestPayload {
  let received = 0;
  let unpacked = 0;
  const body = new Transform({
    transform: (chunk: Buffer, _, done) => {
      unpacked += chunk.length;
      if (unpacked > limit) fail(new RequestError(413, `takes at most ${limit} bytes in a body, unpacked`));
      else done(null, chunk);
    },
  });
  const fail = (error: Error): void => {
    decoder.destroy();
    body.destroy(error);
  };
  // Nobody listens where a route takes no body.
  body.on('error', () => undefined);
  decoder.once('error', ({ message }) => {
    fail(new RequestError(400, `the body is not ${encoding}, as its Content-Encoding says: ${message}`));
  });
  packed.on('data', (chunk: Buffer) => (received += chunk.length));
  packed.once('close', () => {
    if (!packed.readableEnded) fail(new RequestError(400, 'the request ended before its body was complete'));
  });
  packed.pipe(decoder).pipe(body);
  // Fastify compares this with Content-Length.
  return Object.defineProperty(body, 'receivedEncodedLength', { get: () => received });
}
