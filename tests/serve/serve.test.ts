// The service as the command starts it: which models, on which address, and how it ends.

import { createServer } from 'node:net';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeEach, expect, onTestFinished, type MockInstance, test, vi } from 'vitest';
import type { App } from '../../src/serve/http/app.ts';
import { DEFAULT_OPTIONS } from '../../src/serve/options.ts';
import type { ServeOptions } from '../../src/serve/serve.ts';
import { PictureThreads } from '../../src/serve/images/pictureThreads.ts';
import type { EngineSettings } from '../../src/serve/inference/engineThread.ts';
import type { createService, Service } from '../../src/serve/service.ts';
import { FakeEngine } from './fakeEngine.ts';
import { addModel, postJson, type Predicted, temporaryFolder } from './fixture.ts';

const ENGINE = '../../src/serve/inference/startEngineThread.ts';
const SERVICE = '../../src/serve/service.ts';
/** What engines were started with, and the engines. */
const settings: EngineSettings[] = [];
const engines: FakeEngine[] = [];
/** The services that were made, their logs, and the exit codes. */
const services: Service[] = [];
const log: Record<string, unknown>[] = [];
const exits: unknown[] = [];

vi.doMock(ENGINE, () => ({
  startEngineThread: (each: EngineSettings, onFallback: (reason: string) => void) => {
    settings.push(each);
    engines.push(new FakeEngine());
    onFallback(`a fallback for ${each.device}`);
    return Promise.resolve(engines.at(-1)!);
  },
}));
vi.doMock(SERVICE, async (original) => {
  const real = await original<{ createService: typeof createService }>();
  return {
    createService: async (...[hosts, metrics, options]: Parameters<typeof createService>) => {
      const stream = { write: (line: string) => void log.push(JSON.parse(line) as Record<string, unknown>) };
      const service = await real.createService(hosts, metrics, options, stream);
      services.push(service);
      return service;
    },
  };
});
const { serve } = (await import(`${join(process.cwd(), 'src/serve/serve.ts')}?mocked`)) as {
  serve: (options: ServeOptions) => Promise<void>;
};
afterAll(() => {
  vi.doUnmock(ENGINE);
  vi.doUnmock(SERVICE);
});

const HEARD = ['SIGINT', 'SIGTERM', 'SIGHUP', 'unhandledRejection'] as const;
type Listener = (value: unknown) => void;
const listenersOf = (event: (typeof HEARD)[number]): Listener[] =>
  process.listeners(event as 'SIGINT') as unknown as Listener[];
/** Those that others have. */
let before: Listener[][] = [];
let errors = '';
let warmUp: MockInstance<PictureThreads['start']>;

/** Calls what the service listens with. */
function emit(event: (typeof HEARD)[number], value: unknown = event): void {
  const others = before[HEARD.indexOf(event)]!;
  for (const listener of listenersOf(event)) if (!others.includes(listener)) listener(value);
}

beforeEach(() => {
  for (const list of [settings, engines, services, log, exits]) list.splice(0);
  errors = '';
  before = HEARD.map(listenersOf);
  const timers = vi.spyOn(globalThis, 'setTimeout');
  // Threads that decode pictures take a second to start.
  warmUp = vi.spyOn(PictureThreads.prototype, 'start');
  const spies = [
    timers,
    warmUp.mockResolvedValue(undefined),
    vi.spyOn(process, 'exit').mockImplementation((code) => {
      exits.push(code);
      return undefined as never;
    }),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      errors += String(text);
      return true;
    }),
  ];
  onTestFinished(async () => {
    // The end by force must not come later.
    timers.mock.calls.forEach(([callback], at) => {
      if (String(callback).includes('process.exit')) clearTimeout(timers.mock.results[at]!.value as never);
    });
    for (const spy of spies) spy.mockRestore();
    HEARD.forEach((event, at) => {
      for (const listener of listenersOf(event)) {
        if (!before[at]!.includes(listener)) process.off(event, listener);
      }
    });
    for (const { drain } of services) await drain(0).catch(() => undefined);
  });
});

async function registry(): Promise<string> {
  const root = await temporaryFolder();
  for (const [name, version] of [
    ['shirts', 1],
    ['shirts', 2],
    ['shoes', 3],
  ] as const) {
    await addModel(root, name, version);
  }
  return root;
}

const optionsOf = (root: string, changes: Partial<ServeOptions> = {}): ServeOptions => ({
  ...DEFAULT_OPTIONS,
  drainDelay: 0,
  drainTimeout: 600_000,
  references: undefined,
  device: 'cpu',
  adapter: undefined,
  host: '127.0.0.1',
  port: 0,
  model: { root, batchSize: 4, delay: 0, queueLimit: 8, pollInterval: 0, batchTimeout: 60_000 },
  ...changes,
});

/** Starts a service; its address. */
async function started(changes: Partial<ServeOptions> = {}): Promise<{ app: App; url: string }> {
  await serve(optionsOf(await registry(), changes));
  const { app } = services[0]!;
  const { port } = app.server.address() as AddressInfo;
  return { app, url: `http://127.0.0.1:${port}` };
}

const image = (label: number): number[] => [label, ...new Array<number>(783).fill(0)];

/** The names and versions of the models that are served, the first one first. */
async function models(url: string): Promise<string[]> {
  const response = await fetch(`${url}/v2/repository/index`, { method: 'POST' });
  const list = (await response.json()) as { name: string; version: string }[];
  return list.map(({ name, version }) => `${name}/${version}`);
}

test.each([
  [undefined, ['shirts/2']],
  ['champions', ['shirts/2', 'shoes/3']],
  [['shoes'], ['shoes/3']],
  [
    ['shirts/1', 'shoes', 'shirts'],
    ['shirts/1', 'shoes/3', 'shirts/2'],
  ],
] as const)(
  'of the references %j the models are %j, each on a device of its own',
  async (references, expected) => {
    const { url } = await started({ references, adapter: 'llvmpipe' });
    expect(await models(url)).toEqual(expected);
    expect(settings).toEqual(expected.map(() => ({ device: 'cpu', adapter: 'llvmpipe', batchSize: 4 })));
    expect(errors).toBe('a fallback for cpu\n\n'.repeat(expected.length));
    expect(warmUp).toHaveBeenCalledTimes(1);
    const loaded = log.filter(({ msg }) => msg === 'model loaded');
    expect(loaded.map(({ model, version }) => `${String(model)}/${String(version)}`).sort()).toEqual(
      [...expected].sort(),
    );
  },
);

test('batches and errors that nobody took are counted', async () => {
  const { url } = await started();
  expect((await postJson(`${url}/predict`, { pixels: [image(2), image(3), image(4)] })).status).toBe(200);
  emit('unhandledRejection', new Error('nobody took this'));
  const text = await (await fetch(`${url}/metrics`)).text();
  for (const line of [
    ...['wgrad_batch_images_sum 3', 'wgrad_batch_images_count 1'],
    ...['wgrad_unhandled_rejections_total 1', 'wgrad_ready 1'],
  ]) {
    expect(text.split('\n')).toContain(line);
  }
  expect(log.filter(({ msg }) => msg === 'unhandled rejection')).toMatchObject([
    { level: 50, err: { message: 'nobody took this' } },
  ]);
});

test('a device that fails is told in the log, and replaced', async () => {
  const { url } = await started({ references: ['shoes'] });
  engines[0]!.fail(new Error('lost'));
  await expect.poll(() => engines.length).toBe(2);
  await expect.poll(async () => (await fetch(`${url}/health/ready`)).status).toBe(200);
  expect(log.filter(({ event }) => event === 'deviceFailed')).toMatchObject([
    { level: 50, reference: 'shoes', err: { message: 'lost' } },
  ]);
});

test.each([
  ['127.0.0.1', undefined, 0],
  ['localhost', undefined, 0],
  ['0.0.0.0', undefined, 1],
  ['0.0.0.0', 'secret', 0],
])('on %s with the key %s there are %i warnings', async (host, apiKey, count) => {
  const { app } = await started({ host, apiKey });
  expect(log.filter(({ level }) => level === 40)).toHaveLength(count);
  expect(app.server.listening).toBe(true);
});

test('an address that is taken, and a registry without champion, end the service with their errors', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as AddressInfo;
  await expect(started({ port })).rejects.toThrow(
    new RegExp(`^cannot listen on 127\\.0\\.0\\.1, port ${port}: .*EADDRINUSE`),
  );
  expect(engines.map(({ closed }) => closed)).toEqual([1]);
  await expect(serve(optionsOf(await temporaryFolder()))).rejects.toThrow('holds no champion');
  await expect(serve(optionsOf(await temporaryFolder(), { references: 'champions' }))).rejects.toThrow(
    'holds no champion',
  );
  expect(exits).toEqual([]);
});

test.each([
  ['SIGTERM', 700, 700],
  ['SIGHUP', 30, 30],
  ['SIGINT', 700, 500],
  ['SIGINT', 30, 30],
] as const)(
  '%s with a delay of %i ms drains for %i ms, and ends the process with 0',
  async (signal, drainDelay, delay) => {
    const { url } = await started({ drainDelay });
    emit(signal);
    expect((await fetch(`${url}/health/ready`)).status).toBe(503);
    expect(log.filter(({ msg }) => msg === 'draining')).toMatchObject([{ signal, delay }]);
    await expect.poll(() => exits, { timeout: 20_000 }).toEqual([0]);
    expect(engines.map(({ closed }) => closed)).toEqual([1]);
    const forced = vi
      .mocked(setTimeout)
      .mock.calls.filter(([callback]) => String(callback).includes('process.exit'));
    expect(forced.map(([, milliseconds]) => milliseconds)).toEqual([delay + 600_000 + 5000]);
    forced[0]![0]();
    expect(exits).toEqual([0, 1]);
  },
);

test('requests that are not answered in time make the exit code 1', async () => {
  const { url } = await started({ drainTimeout: 20 });
  const { reached, release } = engines[0]!.hold();
  const running = postJson(`${url}/predict`, { pixels: image(2) }).catch(() => 'broken off');
  await reached;
  emit('SIGTERM');
  await expect.poll(() => exits, { timeout: 20_000 }).toEqual([1]);
  release();
  expect(await running).toBe('broken off');
  expect(log.filter(({ unanswered }) => unanswered !== undefined)).toMatchObject([
    { level: 50, unanswered: 1 },
  ]);
});

test('a service that is stopped before it listens never does', async () => {
  warmUp.mockImplementation(() => {
    emit('SIGTERM');
    return Promise.resolve();
  });
  await serve(optionsOf(await registry()));
  expect(services[0]!.app.server.listening).toBe(false);
  await expect.poll(() => exits, { timeout: 20_000 }).toEqual([0]);
});

test('a request is answered by the first model, or the one that it names', async () => {
  const { url } = await started({ references: ['shoes', 'shirts/1'] });
  const answered = async (query: string): Promise<unknown> =>
    ((await postJson(`${url}/predict${query}`, { pixels: image(4) })).body as Predicted).model;
  expect(await answered('')).toEqual({ name: 'shoes', version: 3 });
  expect(await answered('?model=shirts')).toEqual({ name: 'shirts', version: 1 });
});
