import { expect, onTestFinished, test, vi } from 'vitest';
import { UnavailableError } from '../../src/serve/errors.ts';
import { type HostEvent, type HostOptions, ModelHost } from '../../src/serve/inference/host.ts';
import { moveAlias } from '../../src/serve/registry/aliases.ts';
import { FakeEngine } from './fakeEngine.ts';
import { addModel, temporaryFolder } from './fixture.ts';

const image = (label: number): number[] => [label, ...new Array<number>(783).fill(0)];

interface Hosted {
  readonly host: ModelHost;
  readonly root: string;
  /** Those that were opened so far. */
  readonly engines: FakeEngine[];
  readonly engine: FakeEngine;
  readonly events: HostEvent[];
  /** Errors with which opening an engine fails, one after the other. */
  readonly failures: Error[];
}

async function startHost(changes: Partial<HostOptions> = {}): Promise<Hosted> {
  const root = await temporaryFolder();
  await addModel(root, 'test', 1);
  const engines: FakeEngine[] = [];
  const events: HostEvent[] = [];
  const failures: Error[] = [];
  const host = new ModelHost({
    root,
    batchSize: 4,
    delay: 0,
    queueLimit: 8,
    batchTimeout: 60_000,
    pollInterval: 0,
    openEngine: () => {
      const failure = failures.shift();
      if (failure) return Promise.reject(failure);
      engines.push(new FakeEngine());
      return Promise.resolve(engines.at(-1)!);
    },
    onEvent: (event) => events.push(event),
    ...changes,
  });
  await host.start();
  onTestFinished(() => host.close());
  return { host, root, engines, engine: engines[0]!, events, failures };
}

async function versionOf(host: ModelHost): Promise<number> {
  return (await host.predict([image(3)]))[0]!.model.version;
}

const ready = (host: ModelHost): Promise<void> =>
  expect.poll(() => host.unreadyReason, { timeout: 20_000, interval: 5 }).toBeUndefined();

test('answers are those of the model, with its record', async () => {
  const { host, events, engine } = await startHost();
  const [first, second] = await host.predict([image(3), image(7)]);
  expect(first!.probabilities[3]).toBe(1);
  expect(second!.probabilities[7]).toBe(1);
  expect(first!.model).toMatchObject({ name: 'test', version: 1 });
  expect(host.model).toBe(first!.model);
  expect(host.device).toBe('fake: for tests');
  expect(events).toEqual([{ kind: 'loaded', model: host.model, device: 'fake: for tests' }]);
  expect(engine.loaded).toEqual([1]);
});

test('a version that is replaced answers what it has begun; the new one answers what waits', async () => {
  const { host, root, engine, events } = await startHost();
  const { reached, release } = engine.hold();
  const begun = host.predict([image(1)]);
  await reached;
  const waits = host.predict([image(2)]);
  expect(host.waiting).toBe(1);
  await addModel(root, 'test', 2);
  await host.refresh();
  expect(host.model!.version).toBe(2);
  // Its weights are in use.
  expect(engine.disposed).toEqual([]);
  release();
  expect((await begun)[0]!.model.version).toBe(1);
  expect((await waits)[0]!.model.version).toBe(2);
  expect(engine.disposed).toEqual([1]);
  expect(events.map(({ kind }) => kind)).toEqual(['loaded', 'loaded']);
  // A model that is named already is not loaded again.
  await host.refresh();
  expect(engine.loaded).toEqual([1, 2]);
});

test('a version that cannot be loaded is reported once, and the old one stays', async () => {
  const { host, root, events } = await startHost();
  await moveAlias(`${root}/test`, 'champion', 99);
  await host.refresh();
  await host.refresh();
  expect(events.map(({ kind }) => kind)).toEqual(['loaded', 'swapFailed']);
  expect(await versionOf(host)).toBe(1);
  await addModel(root, 'test', 2);
  await moveAlias(`${root}/test`, 'champion', 98);
  await host.refresh();
  await moveAlias(`${root}/test`, 'champion', 2);
  await host.refresh();
  await moveAlias(`${root}/test`, 'champion', 98);
  await host.refresh();
  expect(events.map(({ kind }) => kind)).toEqual([
    'loaded',
    'swapFailed',
    'swapFailed',
    'loaded',
    'swapFailed',
  ]);
});

test.each([
  [
    'that ends',
    ({ engine }: Hosted) => {
      engine.fail(new Error('the thread ended'));
      return Promise.resolve();
    },
  ],
  [
    'whose check fails',
    async ({ host, engine }: Hosted) => {
      engine.checkResult = Promise.reject(new Error('lost'));
      await host.refresh();
    },
  ],
  [
    'that cannot compute',
    async ({ host, engine }: Hosted) => {
      engine.beforeAnswer = () => Promise.reject(new Error('broken'));
      await expect(host.predict([image(1)])).rejects.toThrow(UnavailableError);
    },
  ],
])('an engine %s is closed and replaced', async (_, fail) => {
  const hosted = await startHost();
  const { host, engines, engine, events } = hosted;
  await fail(hosted);
  await expect
    .poll(() => host.unreadyReason)
    .toBe('the device failed; the model is being loaded on a new one');
  await expect(host.predict([image(1)])).rejects.toThrow('the device failed');
  await ready(host);
  expect(engines).toHaveLength(2);
  expect([engine.closed, engines[1]!.closed]).toEqual([1, 0]);
  expect(events.map(({ kind }) => kind)).toEqual(['loaded', 'deviceFailed', 'loaded']);
  expect(await versionOf(host)).toBe(1);
  // What the old one says now means nothing.
  engine.fail(new Error('again'));
  await host.refresh();
  expect(engines).toHaveLength(2);
});

test('when a device fails, all that wait are told to come back', async () => {
  const { host, engine } = await startHost();
  const { reached, release } = engine.hold();
  const begun = host.predict([image(1)]);
  await reached;
  const waits = [host.predict([image(2)]), host.predict([image(3)])];
  engine.fail(new Error('gone'));
  await expect.poll(() => host.model).toBeUndefined();
  release();
  // This one had its answer before.
  expect((await begun)[0]!.probabilities[1]).toBe(1);
  const outcomes = await Promise.allSettled(waits);
  for (const outcome of outcomes) {
    expect(outcome.status === 'rejected' && outcome.reason).toBeInstanceOf(UnavailableError);
  }
  await ready(host);
});

test('a batch that takes too long counts as a failure', async () => {
  const { host, engines, engine, events } = await startHost({ batchTimeout: 20 });
  engine.beforeAnswer = () => new Promise(() => undefined);
  await expect(host.predict([image(1)])).rejects.toThrow(UnavailableError);
  await ready(host);
  expect(engines).toHaveLength(2);
  const failed = events.find(({ kind }) => kind === 'deviceFailed') as { error: Error };
  expect(failed.error.message).toBe('the device did not answer within 20 ms');
});

test('until a device can be opened, it is tried after half a second, then after twice as long, up to half a minute', async () => {
  const { host, engines, engine, events, failures } = await startHost();
  const pauses = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];
  failures.push(...pauses.map((pause) => new Error(`before ${pause}`)));
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const tries = (): number => events.filter(({ kind }) => kind === 'recoveryFailed').length;
  engine.fail(new Error('gone'));
  await vi.advanceTimersByTimeAsync(0);
  for (const [before, pause] of pauses.entries()) {
    await vi.advanceTimersByTimeAsync(pause - 1);
    expect([tries(), engines.length]).toEqual([before + 1, 1]);
    await vi.advanceTimersByTimeAsync(1);
  }
  vi.useRealTimers();
  await ready(host);
  expect(engines).toHaveLength(2);
  expect(engine.closed).toBe(1);
});

test('the alias is looked at in intervals; with 0 never', async () => {
  const { host, root, engine } = await startHost({ pollInterval: 5 });
  const never = await startHost();
  await addModel(root, 'test', 2);
  await expect.poll(() => host.model!.version, { timeout: 20_000 }).toBe(2);
  expect(never.host.model!.version).toBe(1);
  await host.close();
  expect(engine.closed).toBe(1);
  expect(host.unreadyReason).toBe('the service is stopping');
  await expect(host.predict([image(1)])).rejects.toThrow('the service is stopping');
});

test('a host that is closed while its device has failed closes that device, and opens no other', async () => {
  const { host, engines, engine, failures } = await startHost();
  failures.push(new Error('none'));
  engine.fail(new Error('gone'));
  await expect.poll(() => failures.length).toBe(0);
  await host.close();
  expect(engine.closed).toBeGreaterThan(0);
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(engines).toHaveLength(1);
});

test('without its model no device is opened', async () => {
  const opened = vi.fn(() => Promise.resolve(new FakeEngine()));
  const host = new ModelHost({
    root: await temporaryFolder(),
    batchSize: 1,
    delay: 0,
    queueLimit: 1,
    batchTimeout: 1,
    pollInterval: 0,
    openEngine: opened,
  });
  expect(host.unreadyReason).toBe('the model is being loaded');
  expect(host.device).toBe('none');
  await expect(host.start()).rejects.toThrow('holds no champion');
  expect(opened).not.toHaveBeenCalled();
  await host.close();
});
