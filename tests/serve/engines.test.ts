// Models on devices, and the threads that decode: rare turns.

import { EventEmitter } from 'node:events';
import type { FastifyReply } from 'fastify';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Backend } from '../../src/backend/backend.ts';
import { nn, open, setDefaultDevice, type Tensor, tensor } from '../../src/index.ts';
import { encodeSafetensors } from '../../src/formats/safetensors/index.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../src/pipeline/data/description.ts';
import type { ModelInput } from '../../src/pipeline/pictures/prepare.ts';
import { UnavailableError } from '../../src/serve/errors.ts';
import { Metrics } from '../../src/serve/http/metrics.ts';
import { Predictor } from '../../src/serve/http/predictor.ts';
import { Limiter } from '../../src/serve/images/limiter.ts';
import { PictureThreads } from '../../src/serve/images/pictureThreads.ts';
import { BadAnswerError, BatchedModel } from '../../src/serve/inference/batchedModel.ts';
import { Classifier } from '../../src/serve/inference/classifier.ts';
import { DeviceEngine } from '../../src/serve/inference/deviceEngine.ts';
import { ModelHost } from '../../src/serve/inference/host.ts';
import { startEngineThread } from '../../src/serve/inference/startEngineThread.ts';
import { DEFAULT_OPTIONS } from '../../src/serve/options.ts';
import { openModelFolder } from '../../src/serve/registry/modelFolder.ts';
import { isServed } from '../../src/serve/registry/served.ts';
import { FakeEngine } from './fakeEngine.ts';
import { addModel, randomWeights, temporaryFolder, testImage } from './fixture.ts';

/** A model whose logits are those of each row. */
class Rows extends nn.Module {
  readonly #logits: readonly (readonly number[])[];

  constructor(...logits: number[][]) {
    super();
    this.#logits = logits;
  }

  override forward(): Tensor {
    return tensor(this.#logits.map((row) => [...row]));
  }
}

const DATA = { ...FASHION_MNIST_DESCRIPTION, height: 1, width: 2, classes: ['a', 'b'] };

test('each row of a batch must be probabilities, but for those that fill it up', async () => {
  const cpu = await open('cpu');
  setDefaultDevice(cpu);
  const predict = (...logits: number[][]): Promise<Float32Array[]> =>
    new BatchedModel(cpu, new Rows(...logits), DATA, 3).predict([
      [0, 255],
      [3, 4],
    ]);
  expect(await predict([0, 0], [0, 0], [NaN, 0])).toEqual([
    Float32Array.of(0.5, 0.5),
    Float32Array.of(0.5, 0.5),
  ]);
  await expect(predict([0, 0], [NaN, 0], [0, 0])).rejects.toThrow(BadAnswerError);
  await expect(predict([NaN, 0], [0, 0], [0, 0])).rejects.toThrow(BadAnswerError);
});

test('a model gives back the memory of each batch, also after an error, and that of its weights in the end', async () => {
  const root = await temporaryFolder();
  await addModel(root, 'test', 1);
  const cpu = await open('cpu');
  const before = cpu.stats().bytesAlive;
  const model = await Classifier.load(cpu, await openModelFolder(`${root}/test/1`), 4);
  const loaded = cpu.stats().bytesAlive;
  expect(loaded).toBeGreaterThan(before);
  await model.predict([testImage(1)]);
  expect(cpu.stats().bytesAlive).toBe(loaded);
  const read = vi.spyOn(cpu, 'read').mockRejectedValue(new Error('lost'));
  await expect(model.predict([testImage(1)])).rejects.toThrow('lost');
  read.mockRestore();
  expect(cpu.stats().bytesAlive).toBe(loaded);
  model.dispose();
  expect(cpu.stats().bytesAlive).toBe(before);
});

test('a model is loaded onto its own device, and one that gives no probabilities is not loaded', async () => {
  const root = await temporaryFolder();
  await addModel(root, 'test', 1);
  const [cpu, other] = [await open('cpu'), await open('cpu')];
  setDefaultDevice(other);
  const folder = await openModelFolder(`${root}/test/1`);
  const model = await Classifier.load(cpu, folder, 4);
  expect(model.device).toBe(cpu);
  expect((await model.predict([testImage(1)]))[0]).toHaveLength(10);
  expect([model.record, model.fingerprint]).toEqual([folder.record, folder.manifestSha256]);
  const { tensors } = await randomWeights('mlp', 1);
  for (const { data } of Object.values(tensors)) if (data instanceof Float32Array) data.fill(NaN);
  const files = new Map([...folder.files, ['weights.safetensors', encodeSafetensors(tensors)] as const]);
  await expect(Classifier.load(cpu, { ...folder, files }, 4)).rejects.toThrow(BadAnswerError);
});

test('an engine tells its device, whether that works, and ends it', async () => {
  const destroy = vi.fn();
  const synchronize = vi.fn(() => Promise.reject(new Error('lost')));
  const engine = new DeviceEngine(
    { name: 'cpu', description: 'of a test', destroy, synchronize } as unknown as Backend,
    4,
  );
  expect(engine.device).toBe('cpu: of a test');
  await expect(engine.check()).rejects.toThrow('lost');
  expect(destroy).not.toHaveBeenCalled();
  await engine.close();
  expect(destroy).toHaveBeenCalledTimes(1);
});

test('a thread takes images of any size', async () => {
  const root = await temporaryFolder();
  const data = { ...DATA, height: 30, width: 32, classes: ['left', 'right', 'up'] };
  await addModel(root, 'test', 1, 'mlp', data);
  const here = await Classifier.load(await open('cpu'), await openModelFolder(`${root}/test/1`), 4);
  const engine = await startEngineThread({ device: 'cpu', adapter: undefined, batchSize: 4 });
  onTestFinished(() => engine.close());
  const there = await engine.load(`${root}/test/1`);
  const images = [1, 2, 3].map((seed) => [...testImage(seed), ...testImage(seed + 1)].slice(0, 960));
  expect(await there.predict(images)).toEqual(await here.predict(images));
});

/** A host of a fake engine. */
async function startHost(engine: FakeEngine, changes: object = {}) {
  const root = await temporaryFolder();
  await addModel(root, 'test', 1);
  const engines: FakeEngine[] = [engine];
  const host = new ModelHost({
    root,
    batchSize: 4,
    delay: 0,
    queueLimit: 8,
    batchTimeout: 60_000,
    pollInterval: 0,
    openEngine: () => Promise.resolve(engines.shift() ?? new FakeEngine()),
    ...changes,
  });
  onTestFinished(() => host.close());
  return { host, root };
}

const image = (label: number, length = 784): number[] => [label, ...new Array<number>(length - 1).fill(0)];

test('a version whose loading fails, or comes too late, is not kept from being deleted', async () => {
  const engine = new FakeEngine();
  const { host, root } = await startHost(engine);
  const load = vi.spyOn(engine, 'load').mockRejectedValueOnce(new Error('no memory'));
  await expect(host.start()).rejects.toThrow('no memory');
  expect(await isServed(`${root}/test`, 1)).toBe(false);
  load.mockRestore();

  const slow = new FakeEngine();
  const { host: closing, root: other } = await startHost(slow);
  const real = slow.load.bind(slow);
  let closed: Promise<void> | undefined;
  slow.load = (path) => {
    closed = closing.close();
    return real(path);
  };
  await closing.start();
  await closed;
  expect(closing.model).toBeUndefined();
  expect(await isServed(`${other}/test`, 1)).toBe(false);
});

test('a device that does not answer a check in time has failed', async () => {
  const engine = new FakeEngine();
  const events: string[] = [];
  const { host } = await startHost(engine, {
    batchTimeout: 20,
    onEvent: ({ kind }: { kind: string }) => events.push(kind),
  });
  await host.start();
  engine.checkResult = new Promise(() => undefined);
  await host.refresh();
  expect(events).toEqual(['loaded', 'deviceFailed']);
  await expect.poll(() => host.unreadyReason).toBeUndefined();
  expect(engine.closed).toBe(1);
});

test('images of another size than the model takes are told to come back, wherever they stand in a batch', async () => {
  const engine = new FakeEngine();
  const { host } = await startHost(engine);
  await host.start();
  for (const images of [
    [image(1, 4), image(2)],
    [image(1), image(2, 4)],
    [image(1), image(2, 785)],
  ]) {
    await expect(host.predict(images)).rejects.toThrow(UnavailableError);
  }
  expect(engine.batches).toEqual([]);
  // The device has not failed.
  expect((await host.predict([image(3)]))[0]!.probabilities[3]).toBe(1);
});

test('a request is given up when its client has gone, or after its time', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const host = undefined as unknown as ModelHost;
  const options = { ...DEFAULT_OPTIONS, answerTimeout: 700 };
  const predictor = new Predictor(host, options, new Metrics(() => []), new PictureThreads(options));
  const replies = [1, 2].map(() => ({ raw: new EventEmitter() }));
  const [gone, late] = replies.map((reply) => predictor.deadline(reply as unknown as FastifyReply));
  vi.advanceTimersByTime(699);
  expect([gone!.aborted, late!.aborted]).toEqual([false, false]);
  replies[0]!.raw.emit('close');
  expect(gone!.reason).toMatchObject({ status: 504, message: 'the client disconnected' });
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(1);
  expect(late!.reason).toMatchObject({ status: 504, message: 'no answer within 700 ms; try again later' });
});

test('what waits for a decoder is taken in order, as many at once as there are', async () => {
  const limiter = new Limiter(2, 3);
  const order: string[] = [];
  const releases: (() => void)[] = [];
  const run = (name: string, fails = false): Promise<string> =>
    limiter.run(async () => {
      order.push(name);
      await new Promise<void>((resolve) => releases.push(resolve));
      if (fails) throw new Error(name);
      return name;
    });
  const all = [run('a', true), run('b'), run('c'), run('d'), run('e')];
  await expect(run('f')).rejects.toThrow('3 pictures are waiting to be decoded; the queue is full');
  expect(order).toEqual(['a', 'b']);
  // A failure makes room, too.
  releases[0]!();
  await expect(all[0]).rejects.toThrow('a');
  await expect.poll(() => order).toEqual(['a', 'b', 'c']);
  releases[1]!();
  await expect.poll(() => order).toEqual(['a', 'b', 'c', 'd']);
  for (const at of [2, 3]) releases[at]!();
  await expect.poll(() => releases.length).toBe(5);
  releases[4]!();
  expect(await Promise.all(all.slice(1))).toEqual(['b', 'c', 'd', 'e']);
  // Nothing is left of it: as many may run as before.
  const more = [run('g'), run('h')];
  expect(order.slice(5)).toEqual(['g', 'h']);
  for (const at of [5, 6]) releases[at]!();
  await Promise.all(more);
});

test('a picture that hangs its thread fails after half a minute, and the next one gets another thread', async () => {
  const input: ModelInput = { height: 28, width: 28, preparation: 'object' };
  const options = { decodersAtOnce: 1, decodeQueueLimit: 1, pixelLimit: 2 ** 20 };
  const pictures = new PictureThreads(options, new URL('./troubledThread.ts', import.meta.url));
  onTestFinished(() => pictures.close());
  const { signal } = new AbortController();
  await pictures.decode(Uint8Array.of(1), input, signal);
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const hanging = expect(pictures.decode(Uint8Array.of(14), input, signal)).rejects.toThrow(
    'a picture was not decoded within 30000 ms',
  );
  await vi.advanceTimersByTimeAsync(29_999);
  await vi.advanceTimersByTimeAsync(1);
  await hanging;
  const next = pictures.decode(Uint8Array.of(2), input, signal);
  // The hanging thread ends by force.
  await vi.advanceTimersByTimeAsync(2000);
  vi.useRealTimers();
  expect(await next).toEqual(Uint8Array.of(2));
});
