import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import timers from 'node:timers/promises';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { download } from '../../../src/pipeline/data/sources/download.ts';
import { temporaryFolder } from '../files/disks.ts';

/** Milliseconds of the waits before attempts; none is waited for. */
const waits: unknown[] = [];
function withoutWaiting(): void {
  waits.length = 0;
  vi.spyOn(timers, 'setTimeout').mockImplementation((delay) => {
    waits.push(delay);
    return Promise.resolve();
  });
  // For modules that import the function by name.
  syncBuiltinESMExports();
}

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

async function serve(answer: RequestListener): Promise<{ url: URL; ranges: (string | undefined)[] }> {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/file`), ranges };
}

/** Downloads into a part that holds `before`; the progress. */
async function load(
  url: URL,
  maxBytes: number,
  before?: string,
): Promise<{ part: string; progress: unknown[] }> {
  const part = join(temporaryFolder(), 'part');
  if (before !== undefined) writeFileSync(part, before);
  const progress: unknown[] = [];
  const onProgress = (...counts: unknown[]): void => void progress.push(counts);
  const signal = new AbortController().signal;
  const done = download(url, part, { maxBytes, signal, onProgress });
  // What remains is looked at after a failure, too.
  await done.catch((error: unknown) => {
    throw Object.assign(error as Error, { part });
  });
  return { part, progress };
}

it.each([408, 429, 500, 502, 503, 599])(
  'asks again after HTTP %i, four times in all, and waits twice as long each time',
  async (status) => {
    withoutWaiting();
    const { url, ranges } = await serve((_, response) => response.writeHead(status).end());
    await expect(load(url, 9)).rejects.toThrow(`HTTP ${status}`);
    expect([ranges.length, waits]).toEqual([4, [500, 1000, 2000]]);
  },
);

it.each([400, 401, 403, 404, 409, 410, 428, 430, 499])('does not ask again after HTTP %i', async (status) => {
  withoutWaiting();
  const { url, ranges } = await serve((_, response) => response.writeHead(status).end());
  await expect(load(url, 9)).rejects.toThrow(`HTTP ${status}`);
  expect([ranges.length, waits]).toEqual([1, []]);
});

it.each([
  ['announced', { 'content-length': 9 }],
  ['unannounced', {}],
])('takes as many bytes as the limit says, and no more: %s', async (_, headers) => {
  const { url } = await serve((_request, response) => response.writeHead(200, headers).end('123456789'));
  const { part, progress } = await load(url, 9);
  expect(readFileSync(part, 'utf8')).toBe('123456789');
  const total = 'content-length' in headers ? 9 : undefined;
  expect([progress[0], progress.at(-1)]).toEqual([
    [0, total],
    [9, total],
  ]);
  const failure = (await load(url, 8).catch((error: unknown) => error)) as Error & { part: string };
  expect(failure.message).toContain('expected at most 8 bytes, got 9');
  expect(existsSync(failure.part)).toBe(false);
});

it('continues a part, and counts what it has', async () => {
  const { url, ranges } = await serve((_, response) =>
    response.writeHead(206, { 'content-range': 'bytes 4-8/9', 'content-length': 5 }).end('56789'),
  );
  const { part, progress } = await load(url, 9, '1234');
  expect(readFileSync(part, 'utf8')).toBe('123456789');
  expect([ranges, progress]).toEqual([
    ['bytes=4-'],
    [
      [4, 9],
      [9, 9],
    ],
  ]);
});

it.each([
  ['bytes */4', ['bytes=4-'], '1234'],
  ['bytes */9', ['bytes=4-', undefined], 'whole'],
  ['bytes */3', ['bytes=4-', undefined], 'whole'],
  [undefined, ['bytes=4-', undefined], 'whole'],
])(
  'where a server rejects the rest with %s, the part is whole or begins again',
  async (range, expected, content) => {
    withoutWaiting();
    const { url, ranges } = await serve((request, response) => {
      if (request.headers.range === undefined) response.end('whole');
      else response.writeHead(416, range === undefined ? {} : { 'content-range': range }).end();
    });
    const { part } = await load(url, 9, '1234');
    expect([ranges, readFileSync(part, 'utf8')]).toEqual([expected, content]);
  },
);

it('takes the whole file from a server that knows no ranges', async () => {
  const { url } = await serve((_, response) => response.end('new'));
  const { part, progress } = await load(url, 9, '123456');
  expect(readFileSync(part, 'utf8')).toBe('new');
  expect(progress[0]).toEqual([0, 3]);
});
