import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { Connections } from '../../src/serve/http/connections.ts';
import { openSocket, received, wire } from './rawSocket.ts';

const PIECE = Buffer.alloc(2 ** 16, 'x');
/** More than the system's own buffers hold. */
const PIECES = 320;

async function listen(
  handler: RequestListener,
  patience: { stalled: number; unread: number },
): Promise<{ port: number; connections: Connections }> {
  const server = createServer(handler);
  const connections = new Connections(server, patience);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, connections };
}

/** Answers with 20 MB, piece by piece. */
const answerLong: RequestListener = (_, response) => {
  response.writeHead(200, { 'content-length': PIECES * PIECE.length });
  Readable.from(Array.from({ length: PIECES }, () => PIECE)).pipe(response);
};

test('an answer that is read slowly is sent to its end, for longer than a stalled one is borne', async () => {
  const { port, connections } = await listen(answerLong, { stalled: 200, unread: 600 });
  const socket = openSocket(port).pause();
  socket.write(wire('GET', '/'));
  await once(socket, 'readable');
  const began = performance.now();
  const stopped = connections.stopListening();
  let bytes = 0;
  for (;;) {
    const part = (socket.read(2 ** 19) as Buffer | null) ?? (socket.read() as Buffer | null);
    if (part) bytes += part.length;
    else if (socket.readableEnded || socket.destroyed || bytes >= PIECES * PIECE.length) break;
    await wait(30);
  }
  expect(bytes).toBeGreaterThanOrEqual(PIECES * PIECE.length);
  expect(performance.now() - began).toBeGreaterThan(600);
  socket.destroy();
  await stopped;
});

test('an answer that nobody reads is given up, and a request that stops to arrive is refused', async () => {
  const { port, connections } = await listen(answerLong, { stalled: 100, unread: 200 });
  const unread = openSocket(port).pause();
  unread.write(wire('GET', '/'));
  await once(unread, 'readable');
  const half = openSocket(port);
  half.write('GET / HTTP/1.1\r\nHost:');
  await wait(50);
  const [answer] = await Promise.all([received(half), connections.stopListening()]);
  expect(answer).toMatch(/^HTTP\/1\.1 408 /);
});

test('what is waiting, and how much one connection has asked for, is counted', async () => {
  const answers: (() => void)[] = [];
  const flooded: boolean[] = [];
  const { port, connections } = await listen(
    (request, response) => {
      flooded.push(connections.isFlooded(request.socket));
      answers.push(() => void response.end());
    },
    { stalled: 1000, unread: 1000 },
  );
  const socket = openSocket(port);
  socket.write(wire('GET', '/').repeat(34));
  await expect.poll(() => answers.length).toBe(34);
  expect(flooded).toEqual([...Array<boolean>(32).fill(false), true, true]);
  expect(connections.unanswered).toBe(34);
  for (const answer of answers.slice(0, 4)) answer();
  await expect.poll(() => connections.unanswered).toBe(30);
  connections.closeAll();
  await expect.poll(() => connections.unanswered).toBe(0);
});
