import { describe, expect, test } from 'vitest';
import type { Backend } from '../../../src/backend/backend.ts';
import { capture, DeviceLostError, KernelError, zeros } from '../../../src/index.ts';
import { fill, openOwn, upload, values } from './devices.ts';

/** The error that a call throws or rejects with. */
async function failure(call: () => unknown): Promise<Error> {
  try {
    await call();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

/** Expects that the device has failed for good: every call throws the same error. */
async function expectFailed(
  backend: Backend,
  kind: new (message: string) => Error,
  message: RegExp,
): Promise<void> {
  const first = await failure(() => backend.synchronize());
  expect(first).toBeInstanceOf(kind);
  expect(first.message).toMatch(message);
  expect(await failure(() => backend.allocate('float32', 1))).toBe(first);
  expect(await failure(() => backend.synchronize())).toBe(first);
}

describe('what WebGPU reports late', () => {
  test('a kernel that does not compile: the next read and every later call throw', async (context) => {
    const { backend } = await openOwn(context);
    const out = upload(backend, [0]);
    const launch = (): void =>
      backend.run('fill', { out }, { size: 1, value: 1 }, { Element: 'nonsense' as 'f32' });
    launch();
    const error = await failure(() => backend.read(out, 0, 1));
    expect(error).toBeInstanceOf(KernelError);
    expect(error.message).toMatch(
      /kernel fill \{.*"Element":"nonsense"\} does not compile: .*unresolved type 'nonsense'/,
    );
    for (const call of [
      launch,
      () => backend.allocate('float32', 1),
      () => backend.write(out, Float32Array.of(1)),
      () => backend.read(out, 0, 1),
      () => backend.synchronize(),
    ]) {
      expect(await failure(call)).toBe(error);
    }
    // Memory is handed back without complaint: scopes and finalizers do so at any time.
    backend.release(out);
  });

  test('constants that the device refuses', async (context) => {
    const { backend } = await openOwn(context);
    const out = upload(backend, [0]);
    backend.run('fill', { out }, { size: 1, value: 1 }, { Element: 'f32', WORKGROUP: 1_000_000 });
    await expectFailed(backend, KernelError, /kernel fill .*1000000.* does not compile: .*workgroup/is);
  });

  test('a batch that does not validate names its kernels', async (context) => {
    const { backend } = await openOwn(context);
    const out = upload(backend, [1, 2, 3, 4]);
    const gone = upload(backend, [1]);
    fill(backend, gone, 1);
    fill(backend, out, 1);
    (gone as unknown as { memory: { gpu: GPUBuffer } }).memory.gpu.destroy();
    await expectFailed(backend, KernelError, /batch of launches \(2 fill\) failed: .*destroyed/s);
  });

  test('what no scope catches is reported too', async (context) => {
    const { backend, device } = await openOwn(context);
    device.createBuffer({ size: 4, usage: 0 });
    await expectFailed(backend, KernelError, /^WebGPU: .*usage/s);
  });

  test('a failure that nobody waits for is no unhandled rejection', async (context) => {
    const { backend } = await openOwn(context);
    const out = upload(backend, [0]);
    const reject = (): void => {
      throw new Error('unhandled');
    };
    process.on('unhandledRejection', reject);
    backend.run('fill', { out }, { size: 1, value: 1 }, { Element: 'nonsense' as 'f32' });
    backend.flush();
    await new Promise((resolve) => setTimeout(resolve, 100));
    process.off('unhandledRejection', reject);
    expect(() => fill(backend, out, 1)).toThrow(KernelError);
  });
});

describe('a device that goes away', () => {
  test('destroy() fails reads in flight and every later call', async (context) => {
    const { backend } = await openOwn(context);
    const out = upload(backend, [0]);
    for (let launch = 0; launch < 100; launch++) fill(backend, out, launch);
    const reads = [failure(() => backend.read(out, 0, 1)), failure(() => backend.read(out, 0, 1))];
    backend.destroy();
    for (const error of await Promise.all(reads)) {
      expect(error).toBeInstanceOf(DeviceLostError);
      expect(error.message).toMatch(/destroyed with destroy\(\); call init\(\)/);
    }
    await expectFailed(backend, DeviceLostError, /destroyed/);
    expect(() => fill(backend, out, 1)).toThrow(DeviceLostError);
    backend.release(out);
    backend.flush();
    backend.destroy();
  });

  test('the replay of a captured step fails as every other call', async (context) => {
    const { backend } = await openOwn(context);
    const count = zeros([1], { device: backend });
    const step = capture(() => void count.add_(1), { device: backend });
    for (let call = 0; call < 3; call++) step();
    expect(await count.item()).toBe(3);
    backend.destroy();
    expect(() => step()).toThrow(DeviceLostError);
  });

  test('loss from outside is said as such, in reads in flight and later', async (context) => {
    const { backend, device } = await openOwn(context);
    const out = upload(backend, [0]);
    fill(backend, out, 1);
    const read = failure(() => backend.read(out, 0, 1));
    // The nearest thing to a driver's reset that can be had: the device goes without the backend's knowledge.
    device.destroy();
    const error = await read;
    expect(error).toBeInstanceOf(DeviceLostError);
    expect(error.message).toMatch(
      /device is lost \(destroyed\).*init\(\) again and restore from the last checkpoint/s,
    );
    await expectFailed(backend, DeviceLostError, /lost/);
  });

  test('another device is not concerned', async (context) => {
    const { backend } = await openOwn(context);
    const { backend: other } = await openOwn(context);
    backend.destroy();
    const out = upload(other, [4]);
    expect(await values(other, out)).toEqual([4]);
  });
});

describe('launches against the signature are refused at once, and harm nothing', () => {
  const params = { size: 1, value: 1 };

  const run = (backend: Backend): ((...given: readonly unknown[]) => void) =>
    backend.run.bind(backend) as (...given: readonly unknown[]) => void;

  test.for([
    ['a missing parameter', { size: 1 }, {}, /parameter.*'value'.*`npm run signatures`/],
    ['a fraction for u32', { size: 1.5, value: 1 }, {}, /'size' takes u32, got 1\.5/],
    ['NaN for u32', { size: NaN, value: 1 }, {}, /'size' takes u32, got NaN/],
    ['a list for a number', { size: 1, value: [1, 2] }, {}, /'value' takes f32, got 1,2/],
    ['an unknown constant', params, { TILE: 4 }, /no constant or alias 'TILE'.*WORKGROUP, Element/],
  ] as const)(
    '%s, at the first launch of a kernel and later',
    async ([, given, variant, message], context) => {
      const { backend } = await openOwn(context);
      const out = upload(backend, [0]);
      const launch = (): void => run(backend)('fill', { out }, given, { Element: 'f32', ...variant });
      expect(launch).toThrow(KernelError);
      expect(launch).toThrow(message);
      fill(backend, out, 5);
      expect(launch).toThrow(message);
      expect(await values(backend, out)).toEqual([5]);
    },
  );

  test('names that the kernel file does not have, at the first launch', async (context) => {
    const { backend } = await openOwn(context);
    const out = upload(backend, [0]);
    const launch = (buffers: object, more: object) => () =>
      run(backend)('fill', buffers, { ...params, ...more }, { Element: 'f32' });
    expect(launch({ out, extra: out }, {})).toThrow(
      /fill\.wgsl declares no buffer 'extra'; run `npm run signatures`/,
    );
    expect(launch({ out }, { extra: 1 })).toThrow(/declares no parameter 'extra'; run `npm run signatures`/);
    expect(launch({}, {})).toThrow(/fill: the buffer 'out' is missing; run `npm run signatures`/);
    fill(backend, out, 5);
    expect(launch({}, {})).toThrow(/fill: the buffer 'out' is missing/);
  });

  test('an output that is also an input', async (context) => {
    const { backend } = await openOwn(context);
    const x = upload(backend, [1, 2]);
    const y = upload(backend, [1, 2]);
    const layout = { size: 2, xOffset: 0, outOffset: 0 };
    expect(() => backend.run('accumulate', { x, out: x }, layout)).toThrow(KernelError);
    expect(() => backend.run('accumulate', { x, out: x }, layout)).toThrow(
      /'x' and 'out' are the same buffer/,
    );
    backend.run('accumulate', { x, out: y }, layout);
    expect(await values(backend, y)).toEqual([2, 4]);
  });

  test('an unknown kernel', async (context) => {
    const { backend } = await openOwn(context);
    expect(() => backend.run('nope' as 'fill', {} as never, {} as never)).toThrow(/kernels\/nope\.wgsl/);
  });
});
