import { once } from 'node:events';
import { expect, test } from 'vitest';
import { FakeEngine } from './fakeEngine.ts';
import { postJson, type Predicted, type RunningService, startService, testImage } from './fixture.ts';
import { MOST_PIPELINED } from '../../src/serve/http/connections.ts';
import { openSocket, received, wire } from './rawSocket.ts';

const IMAGE = JSON.stringify({ pixels: testImage(0) });
/** Long enough for all that a test sends in it. */
const DELAY = 3000;

/** A service whose model waits, with a request that waits for it. */
async function startBusy(drainTimeout = 15_000): Promise<{
  service: RunningService;
  release: () => void;
  running: ReturnType<typeof postJson>;
}> {
  const engine = new FakeEngine();
  const service = await startService({ drainTimeout }, { openEngine: () => Promise.resolve(engine) });
  const { reached, release } = engine.hold();
  const running = postJson(`${service.url}/predict`, { pixels: testImage(0) });
  running.catch(() => undefined);
  await reached;
  return { service, release, running };
}

test('a service that stops is not ready, still answers, and announces the end of each connection', async () => {
  const { url, port, drain } = await startService({ drainDelay: DELAY });
  // A connection from before is answered once more, and closed.
  const kept = openSocket(port);
  kept.write(wire('GET', '/health/live'));
  const [first] = (await once(kept, 'data')) as [Buffer];
  expect(first.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n.*connection: keep-alive/is);
  const stopped = drain();
  kept.write(wire('GET', '/health/live'));
  expect(await received(kept)).toMatch(/^HTTP\/1\.1 200 OK\r\n.*connection: close/is);

  for (const path of ['/health/ready', '/v2/health/ready']) {
    expect((await fetch(url + path)).status, path).toBe(503);
  }
  const model = await fetch(`${url}/v2/models/test/ready`);
  expect([model.status, await model.json()]).toEqual([200, { name: 'test', ready: false }]);
  expect(await (await fetch(`${url}/metrics`)).text()).toContain('\nwgrad_ready 0\n');
  const index = await fetch(`${url}/v2/repository/index`, { method: 'POST' });
  expect(await index.json()).toMatchObject([{ name: 'test', state: 'UNAVAILABLE' }]);
  const reason: unknown = await (await fetch(`${url}/health/ready`)).json();
  expect(reason).toEqual({ status: 'unavailable', reason: 'the service is stopping' });
  const answers = await Promise.all([
    fetch(`${url}/health/live`),
    fetch(`${url}/nowhere`),
    fetch(`${url}/page/style.css`),
    postJson(`${url}/predict`, { pixels: testImage(0) }),
    postJson(`${url}/predict`, { pixels: [] }),
  ]);
  expect(answers.map(({ status }) => status)).toEqual([200, 404, 200, 200, 400]);
  for (const { headers } of answers) expect(headers.get('connection')).toBe('close');
  expect(await stopped).toBe(0);
  await expect(fetch(`${url}/health/live`)).rejects.toThrow();
});

test('a request that is being answered when the service stops gets its answer', async () => {
  const { service, release, running } = await startBusy();
  const stopped = service.drain();
  // Nobody is let in any more.
  await expect
    .poll(() => fetch(`${service.url}/health/live`).then(Boolean, () => false), { timeout: 20_000 })
    .toBe(false);
  release();
  const answer = await running;
  expect(answer.status).toBe(200);
  expect((answer.body as Predicted).predictions[0]!.class).toBe(testImage(0)[0]);
  expect(answer.headers.get('connection')).toBe('close');
  expect(await stopped).toBe(0);
});

test('requests that are not answered in time are counted, and their connections closed', async () => {
  const { service, release, running } = await startBusy(200);
  expect(await service.drain()).toBe(1);
  await expect(running).rejects.toThrow();
  release();
});

test('a request that is still arriving is read to its end and answered', async () => {
  const { port, drain } = await startService();
  const socket = openSocket(port);
  const text = wire('POST', '/predict', IMAGE);
  socket.write(text.slice(0, -500));
  await once(socket, 'ready');
  // Its headers have been read once a later request has been answered.
  await fetch(`http://127.0.0.1:${port}/health/live`);
  const stopped = drain();
  socket.write(text.slice(-500));
  expect(await received(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n.*connection: close/is);
  expect(await stopped).toBe(0);
});

test('connections that have stalled neither delay the end nor are its fault', async () => {
  // Without their being closed, the end would come after the minute.
  const { port, drain } = await startService({ drainTimeout: 60_000, receiveTimeout: 60_000 });
  const [silent, idle, headers, body, unread] = [1, 2, 3, 4, 5].map(() => openSocket(port)) as [
    ReturnType<typeof openSocket>,
    ...ReturnType<typeof openSocket>[],
  ];
  idle!.write(wire('GET', '/health/live'));
  await once(idle!, 'data');
  headers!.write('GET /health/live HTTP/1.1\r\nHost:');
  body!.write(wire('POST', '/predict', IMAGE).slice(0, -500));
  unread!.pause();
  unread!.write(wire('GET', '/docs/json').repeat(3000));
  await fetch(`http://127.0.0.1:${port}/health/live`);
  const began = performance.now();
  const [lost, ...answers] = await Promise.all([
    drain(),
    received(silent),
    received(idle!),
    received(headers!),
    received(body!),
  ]);
  expect(lost).toBe(0);
  expect(performance.now() - began).toBeLessThan(30_000);
  expect(answers.slice(0, 2)).toEqual(['', '']);
  for (const answer of answers.slice(2)) {
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(answer).toMatch(/\r\n\r\n\{"error":"the request did not arrive in time"\}$/);
  }
});

test('answers that a slow client still reads are sent to their end', async () => {
  const { url, port, drain } = await startService({ drainTimeout: 60_000 });
  const document = await (await fetch(`${url}/docs/json`)).text();
  const socket = openSocket(port).pause();
  socket.write(wire('GET', '/docs/json').repeat(MOST_PIPELINED));
  await fetch(`${url}/health/live`);
  const stopped = drain();
  await expect.poll(() => fetch(`${url}/health/live`).then(Boolean, () => false)).toBe(false);
  const answers = received(socket.resume());
  expect(await stopped).toBe(0);
  expect((await answers).split(document)).toHaveLength(MOST_PIPELINED + 1);
});

test('connections stay open between requests for as long as they are told', async () => {
  const { url } = await startService();
  expect((await fetch(`${url}/health/live`)).headers.get('keep-alive')).toBe('timeout=65');
  const other = await startService({ keepAlive: 7000, receiveTimeout: 200 });
  const answer = await fetch(`${other.url}/health/live`);
  expect(answer.headers.get('keep-alive')).toBe('timeout=7');
});

test('a connection may be idle for longer than a request may take to arrive', async () => {
  const { port } = await startService({ keepAlive: 20_000, receiveTimeout: 100 });
  const socket = openSocket(port);
  for (let request = 0; request < 2; request++) {
    socket.write(wire('GET', '/health/live'));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200/);
    // Sockets are checked every 100 ms.
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
});
