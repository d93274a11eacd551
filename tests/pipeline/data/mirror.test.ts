import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { expect, onTestFinished, test } from 'vitest';

import { type DataFile } from '../../../src/pipeline/data/dataFile.ts';
import { mirrorSource } from '../../../src/pipeline/data/sources/mirror.ts';
import { recordingReporter, smallDataSet, temporaryFolder } from './fixture.ts';

const set = smallDataSet();
const file = set.files.trainImages;
const plain = set.bytes.get(file.name)!;
const packed = gzipSync(plain);
const HALF = Math.floor(packed.length / 2);
const FAST = { firstDelayMs: 1, connectTimeoutMs: 1_000, idleTimeoutMs: 1_000 };

type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** A server on this machine; `requests` lists the Range header of each request, '' where there is none. */
async function serve(handler: Handler): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.headers.range ?? '');
    handler(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/data/`, requests };
}

/** Answers as a file server does, Range included. */
const serveFile: Handler = (request, response) => {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (start >= packed.length) {
    response.writeHead(416, { 'content-range': `bytes */${packed.length}` }).end();
    return;
  }
  const range = `bytes ${start}-${packed.length - 1}/${packed.length}`;
  const headers = { 'content-length': packed.length - start };
  if (start > 0) response.writeHead(206, { ...headers, 'content-range': range });
  else response.writeHead(200, headers);
  response.end(packed.subarray(start));
};

/** How much the last client has of its file. */
let received = 0;

/** Sends the first half of the file, and drops the connection once the client has it. */
const dropHalfway: Handler = (_, response) => {
  received = 0;
  response.writeHead(200, { 'content-length': packed.length });
  response.write(packed.subarray(0, HALF));
  const timer = setInterval(() => {
    if (received < HALF) return;
    clearInterval(timer);
    response.destroy();
  }, 1);
};

async function read(
  mirrors: string[],
  options: { root?: string; signal?: AbortSignal; timing?: object } = {},
) {
  const root = options.root ?? (await temporaryFolder());
  const reporter = recordingReporter();
  const progress = reporter.progress.bind(reporter);
  reporter.progress = (name, bytes, total) => {
    received = bytes;
    progress(name, bytes, total);
  };
  const signal = options.signal ?? new AbortController().signal;
  const source = mirrorSource({ mirrors, timing: { ...FAST, ...options.timing } });
  const opened = await source.open({ root, reporter, signal });
  return { root, reporter, get: (wanted: DataFile = file) => opened.read(wanted) };
}

test('downloads, unpacks and verifies, and leaves nothing behind', async () => {
  const server = await serve(serveFile);
  const { root, get } = await read([server.url]);
  expect(await get()).toEqual(plain);
  expect(server.requests).toEqual(['']);
  expect(await readdir(root)).toEqual([]);
});

test('continues after a dropped connection where it stopped', async () => {
  const server = await serve((request, response, count) =>
    (count === 1 ? dropHalfway : serveFile)(request, response, count),
  );
  const { get } = await read([server.url]);
  expect(await get()).toEqual(plain);
  expect(server.requests).toEqual(['', `bytes=${HALF}-`]);
});

test('a later run continues what an earlier one left', async () => {
  let healthy = false;
  const server = await serve((request, response, count) =>
    (healthy ? serveFile : dropHalfway)(request, response, count),
  );
  const first = await read([server.url], { timing: { attempts: 1 } });
  await expect(first.get()).rejects.toThrow(/broke off after \d+ bytes/);
  expect(await readdir(first.root)).toEqual([
    expect.stringMatching(/^train-images.*\.gz\.127\.0\.0\.1-\d+\.part$/),
  ]);

  healthy = true;
  const second = await read([server.url], { root: first.root });
  expect(await second.get()).toEqual(plain);
  expect(server.requests).toEqual(['', `bytes=${HALF}-`]);
  expect(await readdir(first.root)).toEqual([]);
});

test('starts over when the server knows no ranges', async () => {
  const server = await serve((request, response, count) => {
    if (count === 1) dropHalfway(request, response, count);
    else response.writeHead(200, { 'content-length': packed.length }).end(packed);
  });
  const { get } = await read([server.url]);
  expect(await get()).toEqual(plain);
});

test('starts over when the server sends another range than asked for', async () => {
  const server = await serve((request, response, count) => {
    if (count === 2) response.writeHead(206, { 'content-range': 'bytes 0-9/99' }).end(packed.subarray(0, 10));
    else (count === 1 ? dropHalfway : serveFile)(request, response, count);
  });
  const { get } = await read([server.url]);
  expect(await get()).toEqual(plain);
  expect(server.requests).toEqual(['', `bytes=${HALF}-`, '']);
});

async function rootWithPart(url: string, bytes: Uint8Array): Promise<string> {
  const root = await temporaryFolder();
  await writeFile(join(root, `${file.name}.gz.${new URL(url).host.replace(':', '-')}.part`), bytes);
  return root;
}

test('takes a part that is already whole', async () => {
  const server = await serve(serveFile);
  const { get } = await read([server.url], { root: await rootWithPart(server.url, packed) });
  expect(await get()).toEqual(plain);
  expect(server.requests).toEqual([`bytes=${packed.length}-`]);
});

test('drops a part longer than the file', async () => {
  const server = await serve(serveFile);
  const long = Buffer.concat([packed, packed]);
  const { get } = await read([server.url], { root: await rootWithPart(server.url, long) });
  expect(await get()).toEqual(plain);
  expect(server.requests).toEqual([`bytes=${long.length}-`, '']);
});

test('starts over, and says so, when a part belongs to something else', async () => {
  const server = await serve(serveFile);
  const { get, reporter } = await read([server.url], {
    root: await rootWithPart(server.url, Buffer.alloc(50)),
  });
  expect(await get()).toEqual(plain);
  expect(server.requests).toEqual(['bytes=50-', '']);
  expect(reporter.notes).toEqual([expect.stringContaining('starting again')]);
});

test('retries a server that is busy', async () => {
  const server = await serve((request, response, count) => {
    if (count < 3) response.writeHead(503).end();
    else serveFile(request, response, count);
  });
  const { get } = await read([server.url]);
  expect(await get()).toEqual(plain);
  expect(server.requests).toHaveLength(3);
});

test('gives up after some attempts', async () => {
  const server = await serve((_, response) => response.writeHead(503).end());
  const { get } = await read([server.url], { timing: { attempts: 3 } });
  await expect(get()).rejects.toThrow(/train-images-idx3-ubyte\.gz: HTTP 503/);
  expect(server.requests).toHaveLength(3);
});

test('does not retry an answer that will not change', async () => {
  const server = await serve((_, response) => response.writeHead(404).end());
  const { get } = await read([server.url]);
  await expect(get()).rejects.toThrow(/HTTP 404/);
  expect(server.requests).toHaveLength(1);
});

test('goes on to the next mirror when the checksum is wrong', async () => {
  const other = Buffer.from(plain);
  other[500]! ^= 1;
  const bad = await serve((_, response) => response.end(gzipSync(other)));
  const good = await serve(serveFile);
  const { root, get } = await read([bad.url, good.url]);
  expect(await get()).toEqual(plain);
  expect(bad.requests).toHaveLength(1);
  expect(await readdir(root)).toEqual([]);

  const only = await read([bad.url]);
  await expect(only.get()).rejects.toThrow(
    new RegExp(`expected ${plain.length} bytes, md5 ${file.md5}, got`),
  );
});

test('removes what other mirrors have left of the file, once it is there', async () => {
  const broken = await serve(dropHalfway);
  const good = await serve(serveFile);
  const { root, get } = await read([broken.url, good.url], { timing: { attempts: 1 } });
  expect(await get()).toEqual(plain);
  expect([broken.requests, good.requests]).toEqual([[''], ['']]);
  expect(await readdir(root)).toEqual([]);
});

test('takes the file whatever its compression', async () => {
  const server = await serve((_, response) => response.end(plain));
  const { get } = await read([server.url]);
  expect(await get()).toEqual(plain);
});

test.each([
  ['announced', { 'content-length': 10_000_000 }],
  ['unannounced', {}],
])('refuses more bytes than the file can have, %s', async (_, headers) => {
  const server = await serve((_request, response) => {
    response.writeHead(200, headers);
    const push = (): void => {
      if (!response.destroyed) response.write(Buffer.alloc(50_000), () => setImmediate(push));
    };
    push();
  });
  const { root, get } = await read([server.url]);
  await expect(get()).rejects.toThrow(/expected at most 81232 bytes, got/);
  expect(server.requests).toHaveLength(1);
  expect(await readdir(root)).toEqual([]);
});

test('gives up on a transfer that stands still', async () => {
  const server = await serve(sendHalf);
  const { root, get } = await read([server.url], { timing: { attempts: 1, idleTimeoutMs: 100 } });
  await expect(get()).rejects.toThrow(/broke off after \d+ bytes: no data for 0\.1 s/);
  const [part] = await readdir(root);
  expect(await readFile(join(root, part!))).toEqual(packed.subarray(0, HALF));
});

test('does not wait again for a mirror that does not answer', async () => {
  const silent = await serve(() => undefined);
  const { get } = await read([silent.url], { timing: { connectTimeoutMs: 100 } });
  await expect(get()).rejects.toThrow(/127\.0\.0\.1:\d+: no answer for 0\.1 s/);
  await expect(get(set.files.testLabels)).rejects.toThrow(/no answer for 0\.1 s/);
  expect(silent.requests).toHaveLength(1);
});

test('fails at once where the connection is refused', async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  const { get } = await read([`http://127.0.0.1:${port}/`], { timing: { firstDelayMs: 60_000 } });
  await expect(get()).rejects.toThrow(`http://127.0.0.1:${port}: connect ECONNREFUSED`);
});

test.each([
  ['during the transfer', sendHalf],
  ['while waiting to retry', (_: IncomingMessage, response: ServerResponse) => response.writeHead(503).end()],
])('stops %s when it is aborted', async (_, handler) => {
  const controller = new AbortController();
  const server = await serve((request, response) => {
    handler(request, response);
    setTimeout(() => controller.abort(new Error('stop now')), 50);
  });
  const { get } = await read([server.url], { signal: controller.signal, timing: { firstDelayMs: 60_000 } });
  await expect(get()).rejects.toThrow('stop now');
  expect(server.requests).toHaveLength(1);
});

/** Sends the first half of the file and then nothing. */
function sendHalf(_: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-length': packed.length }).write(packed.subarray(0, HALF));
}
