import Fastify from 'fastify';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import type { App } from '../../src/serve/http/app.ts';
import { sendInPieces } from '../../src/serve/http/pieces.ts';

/** Bytes of a piece. */
const PIECE = 2 ** 16;

const CONTENTS: Readonly<Record<string, string | Buffer>> = {
  '/short': 'ü'.repeat(PIECE / 2),
  '/text': 'aü€😀'.repeat(50_000),
  '/bytes': Buffer.from(Uint8Array.from({ length: 3 * PIECE + 5 }, (_, at) => at % 251)),
  '/exact': Buffer.alloc(2 * PIECE, 7),
};

function app(): { app: App; sent: unknown[] } {
  const app = Fastify() as unknown as App;
  const sent: unknown[] = [];
  sendInPieces(app);
  app.addHook('onSend', (_, __, payload, done) => {
    sent.push(payload);
    done(null, payload);
  });
  for (const [path, content] of Object.entries(CONTENTS)) app.get(path, () => content);
  app.get('/stream', () => Readable.from(['a', 'b']));
  return { app, sent };
}

test.each(Object.keys(CONTENTS))('%s arrives as it was sent, with its length in bytes', async (path) => {
  const { app: each, sent } = app();
  const { rawPayload, headers } = await each.inject(path);
  const bytes = Buffer.from(CONTENTS[path]!);
  expect(rawPayload.equals(bytes)).toBe(true);
  expect(headers['content-length']).toBe(String(bytes.length));
  expect(sent[0] instanceof Readable).toBe(bytes.length > PIECE);
  const head = await each.inject({ method: 'HEAD', url: path });
  expect([head.rawPayload.length, head.headers['content-length']]).toEqual([0, String(bytes.length)]);
});

test('a stream stays what it is', async () => {
  const { payload, headers } = await app().app.inject('/stream');
  expect([payload, headers['content-length']]).toEqual(['ab', undefined]);
});
