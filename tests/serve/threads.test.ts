import { afterAll, describe, expect, test } from 'vitest';
import { AdapterError, WgradError } from '../../src/backend/errors.ts';
import { open } from '../../src/index.ts';
import { PictureError } from '../../src/pipeline/pictures/error.ts';
import { RequestError, UnavailableError } from '../../src/serve/errors.ts';
import type { ModelInput } from '../../src/pipeline/pictures/prepare.ts';
import { PictureThreads } from '../../src/serve/images/pictureThreads.ts';
import { startEngineThread } from '../../src/serve/inference/startEngineThread.ts';
import { Thread, ThreadError } from '../../src/serve/threads/thread.ts';
import { within } from '../../src/serve/threads/within.ts';
import { collectGarbage } from '../collectGarbage.ts';
import { checkEngineThread } from './engineSuite.ts';
import type { TroubledMethods } from './troubledThread.ts';

const TROUBLED = new URL('./troubledThread.ts', import.meta.url);

describe('a thread', () => {
  const thread = new Thread<TroubledMethods>(TROUBLED);
  afterAll(() => thread.close());

  test('answers each call with its own result', async () => {
    const calls = [thread.call('later'), thread.call('echo', { a: [1, 2] }), thread.call('echo', 'b')];
    expect(await Promise.all(calls)).toEqual(['later', { a: [1, 2] }, 'b']);
  });

  test('takes buffers without a copy', async () => {
    const bytes = Uint8Array.of(1, 2, 3);
    expect(await thread.callWith([bytes.buffer], 'echo', bytes)).toEqual(Uint8Array.of(1, 2, 3));
    expect(bytes.length).toBe(0);
  });

  test('passes errors on with their class, status and stack, and lives on', async () => {
    const errorOf = (method: 'refuse' | 'misread' | 'missAdapter' | 'missModel' | 'fail'): Promise<unknown> =>
      thread.call(method).catch((error: unknown) => error);
    const refused = await errorOf('refuse');
    expect(refused).toBeInstanceOf(RequestError);
    expect(refused).toMatchObject({ status: 413, message: 'too large' });
    const damaged = await errorOf('misread');
    expect(damaged).toBeInstanceOf(PictureError);
    expect(damaged).toMatchObject({ fault: 'content', message: 'damaged' });
    expect(await errorOf('missAdapter')).toBeInstanceOf(AdapterError);
    const missing = await errorOf('missModel');
    expect(missing).toBeInstanceOf(WgradError);
    expect(missing).not.toBeInstanceOf(AdapterError);
    const bug = (await errorOf('fail')) as Error;
    expect(bug).not.toBeInstanceOf(WgradError);
    expect([bug.name, bug.message]).toEqual(['RangeError', 'a bug']);
    expect(bug.stack).toContain('troubledThread');
    expect(await thread.call('echo', 1)).toBe(1);
  });

  test('keeps nothing of a call that was answered', async () => {
    const answers: WeakRef<object>[] = [];
    for (let call = 0; call < 100; call++) {
      answers.push(new WeakRef((await thread.call('echo', { call })) as object));
    }
    // Weak references hold until the task ends that has looked at them.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(answers.filter((answer) => answer.deref() !== undefined).length).toBeLessThan(10);
  });

  test('what cannot be copied is refused, and the thread lives on', async () => {
    await expect(thread.call('echo', () => undefined)).rejects.toThrow('could not be cloned');
    expect(await thread.call('echo', 1)).toBe(1);
  });
});

describe('a thread that ends', () => {
  test.each([
    ['by an error', 'decode', 'unlucky picture'],
    ['by a rejection that nobody sees', 'rejectUnseen', 'unseen'],
    ['for lack of memory', 'exhaustMemory', 'reaching memory limit'],
  ] as const)('%s fails its calls and those after it', async (_, method, reason) => {
    const thread = new Thread<TroubledMethods>(TROUBLED, 64);
    await thread.call('start');
    expect(thread.hasEnded).toBe(false);
    const calls = [thread.call(method, Uint8Array.of(13)), thread.call('decode', Uint8Array.of(13))];
    for (const call of calls) await expect(call).rejects.toThrow(ThreadError);
    expect(thread.hasEnded).toBe(true);
    expect((await thread.failed).message).toContain(reason);
    await expect(thread.call('echo', 1)).rejects.toThrow(reason);
    await thread.close();
  });

  test('because it was closed has not failed', async () => {
    const thread = new Thread<TroubledMethods>(TROUBLED);
    let failed = false;
    void thread.failed.then(() => (failed = true));
    expect(await thread.call('echo', 1)).toBe(1);
    const open = thread.call('decode', Uint8Array.of(1));
    await Promise.all([thread.close(), thread.close(), open]);
    await expect(thread.call('echo', 1)).rejects.toThrow('the thread was closed');
    expect(failed).toBe(false);
  });

  test('only by force is ended by force', async () => {
    const thread = new Thread<TroubledMethods>(TROUBLED);
    await thread.call('start');
    const hanging = thread.call('hang');
    await Promise.all([thread.close(), expect(hanging).rejects.toThrow(ThreadError)]);
  });
});

const INPUT: ModelInput = { height: 28, width: 28, preparation: 'object' };

describe('picture threads', () => {
  const options = { decodersAtOnce: 1, decodeQueueLimit: 1, pixelLimit: 2 ** 20 };
  const { signal } = new AbortController();
  const pictures = new PictureThreads(options, TROUBLED);
  afterAll(() => pictures.close());

  test('a picture that ends its thread fails alone', async () => {
    const unlucky = pictures.decode(Uint8Array.of(13), INPUT, signal);
    const next = pictures.decode(Uint8Array.of(7), INPUT, signal);
    await expect(unlucky).rejects.toThrow('unlucky picture');
    expect(await next).toEqual(Uint8Array.of(7));
  });

  test('one waits, and one more is refused', async () => {
    const taken = [
      pictures.decode(Uint8Array.of(1), INPUT, signal),
      pictures.decode(Uint8Array.of(2), INPUT, signal),
    ];
    const refused = pictures.decode(Uint8Array.of(3), INPUT, signal);
    await expect(refused).rejects.toThrow(UnavailableError);
    await expect(refused).rejects.toThrow('1 pictures are waiting to be decoded');
    expect(await Promise.all(taken)).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
  });

  test('a picture that was given up while it waited is not decoded', async () => {
    const gone = new AbortController();
    const first = pictures.decode(Uint8Array.of(1), INPUT, signal);
    const second = pictures.decode(Uint8Array.of(13), INPUT, gone.signal);
    gone.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    await first;
    expect(await pictures.decode(Uint8Array.of(2), INPUT, signal)).toEqual(Uint8Array.of(2));
  });

  test('leave the bytes where they are', async () => {
    const form = Uint8Array.of(1, 2, 3, 4);
    expect(await pictures.decode(form.subarray(1, 3), INPUT, signal)).toEqual(Uint8Array.of(2, 3));
    expect(form).toEqual(Uint8Array.of(1, 2, 3, 4));
  });
});

describe('an engine in a thread', () => {
  test('gives the bits of one in this thread', async () => {
    await checkEngineThread(await open('cpu'), 'cpu');
  });

  test('that finds no adapter says so as one in this thread does', async () => {
    const settings = { device: 'webgpu', adapter: 'no such adapter', batchSize: 4 } as const;
    await expect(startEngineThread(settings)).rejects.toThrow(AdapterError);
  });

  test('tells why it took the CPU', async () => {
    const reasons: string[] = [];
    const settings = { device: 'auto', adapter: undefined, batchSize: 4 } as const;
    const engine = await startEngineThread(settings, (reason) => reasons.push(reason));
    expect(reasons.length).toBe(engine.device.startsWith('cpu') ? 1 : 0);
    await engine.close();
  });
});

test('what comes in time is passed on; what does not is given up', async () => {
  const late = (): Error => new Error('late');
  expect(await within(60_000, Promise.resolve(1), late)).toBe(1);
  await expect(within(60_000, Promise.reject(new Error('failed')), late)).rejects.toThrow('failed');
  await expect(within(1, new Promise(() => undefined), late)).rejects.toThrow('late');
});
