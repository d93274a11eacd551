import { describe, expect, test } from 'vitest';
import type { DeviceBuffer } from '../../../src/backend/backend.ts';
import { OutOfMemoryError, scope, tensor } from '../../../src/index.ts';
import { add, fill, openOwn, upload, values } from './devices.ts';

describe('the buffer pool', () => {
  test('a released buffer is handed out again; sizes share classes of 256 bytes', async (context) => {
    const { backend } = await openOwn(context);
    const first = backend.allocate('float32', 10);
    expect(backend.stats()).toMatchObject({
      buffersAlive: 1,
      bytesAlive: 256,
      bytesPooled: 0,
      buffersCreated: 1,
    });
    backend.release(first);
    expect(backend.stats()).toMatchObject({ buffersAlive: 0, bytesAlive: 0, bytesPooled: 256 });
    backend.allocate('int32', 64);
    expect(backend.stats()).toMatchObject({ buffersAlive: 1, bytesPooled: 0, buffersCreated: 1 });
    backend.allocate('float32', 65);
    expect(backend.stats()).toMatchObject({ bytesAlive: 768, bytesPeak: 768, buffersCreated: 2 });
  });

  test('the order of releases does not decide which buffer is taken: the oldest is', async (context) => {
    const { backend } = await openOwn(context);
    const out = backend.allocate('float32', 1);
    const count = 5;
    const make = (): DeviceBuffer[] => Array.from({ length: count }, () => backend.allocate('float32', 1));
    const use = (buffers: readonly DeviceBuffer[]): void => {
      for (const buffer of buffers) fill(backend, buffer, 1);
      add(backend, buffers[0]!, buffers[1]!, out);
      add(backend, buffers[2]!, buffers[4]!, out);
    };
    const first = make();
    use(first);
    for (const buffer of first) backend.release(buffer);
    const { bindGroupsCreated } = backend.stats();
    for (const order of [
      [4, 3, 2, 1, 0],
      [2, 0, 4, 1, 3],
      [0, 1, 2, 3, 4],
    ]) {
      const buffers = make();
      use(buffers);
      for (const index of order) backend.release(buffers[index]!);
    }
    expect(backend.stats().bindGroupsCreated).toBe(bindGroupsCreated);
  });

  test('a released buffer is refused everywhere, a second release too', async (context) => {
    const { backend } = await openOwn(context);
    const buffer = upload(backend, [1]);
    backend.release(buffer);
    expect(() => backend.release(buffer)).toThrow(/used after its release/);
    expect(() => fill(backend, buffer, 1)).toThrow(/used after its release/);
    expect(() => backend.write(buffer, Float32Array.of(1))).toThrow(/used after its release/);
    await expect(backend.read(buffer, 0, 1)).rejects.toThrow(
      /a buffer of 1 float32 was used after its release/,
    );
    expect(backend.stats()).toMatchObject({ buffersAlive: 0, bytesPooled: 256 });
  });

  test('a write to recycled memory does not overtake the launches that still read it', async (context) => {
    const { backend } = await openOwn(context);
    const old = upload(backend, [1, 2]);
    const zero = upload(backend, [0, 0]);
    const out = backend.allocate('float32', 2);
    const { buffersCreated } = backend.stats();
    add(backend, old, zero, out);
    backend.release(old);
    const recycled = upload(backend, [8, 9]);
    expect(backend.stats().buffersCreated).toBe(buffersCreated);
    expect(await values(backend, out)).toEqual([1, 2]);
    expect(await values(backend, recycled)).toEqual([8, 9]);
  });

  test('free memory beyond the peak goes back to the device; launches under way still see it', async (context) => {
    const { backend } = await openOwn(context);
    const length = 2 ** 23; // 32 MiB
    const one = upload(backend, [1]);
    const out = backend.allocate('float32', 1);
    add(backend, one, one, out);
    const large = Array.from({ length: 10 }, () => backend.allocate('float32', length));
    const last = large.at(-1)!;
    fill(backend, last, 9);
    const read = backend.read(last, length - 1, 1);
    fill(backend, last, 8);
    for (const buffer of large) backend.release(buffer);
    expect(backend.stats()).toMatchObject({ bytesAlive: 512, bytesPooled: 10 * 4 * length });
    backend.release(backend.allocate('float32', length / 2));
    expect(backend.stats()).toMatchObject({ bytesAlive: 512, bytesPooled: 0 });
    expect(Array.from(await read)).toEqual([9]);
    // What is in use is untouched, and its bind groups are made anew.
    add(backend, one, one, out);
    expect(await values(backend, out)).toEqual([2]);
  });

  test('a buffer that the device cannot bind is refused at once, with the way out', async (context) => {
    const { backend } = await openOwn(context);
    const most = Number(backend.info.maxStorageBufferBindingSize);
    const allocate = (): unknown => backend.allocate('float32', most / 4 + 1);
    expect(allocate).toThrow(OutOfMemoryError);
    expect(allocate).toThrow(new RegExp(`${most / 4 + 1} float32 takes .*allows ${most}.*smaller batch`));
    expect(() => backend.allocate('float32', NaN)).toThrow(OutOfMemoryError);
    // Nothing has happened to the device.
    const buffer = upload(backend, [1]);
    expect(await values(backend, buffer)).toEqual([1]);
    expect(backend.stats()).toMatchObject({ buffersAlive: 1, bytesAlive: 256 });
  });

  test('a buffer of no elements can be made, written, read and released', async (context) => {
    const { backend } = await openOwn(context);
    const buffer = backend.allocate('float32', 0);
    backend.write(buffer, new Float32Array(0));
    expect(await backend.read(buffer, 0, 0)).toHaveLength(0);
    backend.release(buffer);
    expect(backend.stats().bytesAlive).toBe(0);
  });
});

test('a thousand equal steps make nothing new, upload nothing, read nothing, and keep memory flat', async (context) => {
  const { backend: device } = await openOwn(context);
  const x = tensor(
    Array.from({ length: 8 }, (_, row) => [row, 1, -row]),
    { device },
  );
  const hidden = tensor(new Float32Array(12).fill(0.1), { shape: [3, 4], requiresGrad: true, device });
  const bias = tensor([0.1, 0.2, 0.3, 0.4], { requiresGrad: true, device });
  const step = (): void => {
    scope(() => {
      const y = x.matmul(hidden).add(bias).relu();
      y.mul(y).mean().backward();
    });
    hidden.zeroGrad();
    bias.zeroGrad();
  };
  for (let warmUp = 0; warmUp < 5; warmUp++) step();
  await device.synchronize();
  const before = device.stats();
  for (let iteration = 0; iteration < 1000; iteration++) step();
  await device.synchronize();
  const after = device.stats();
  const launches = after.dispatches - before.dispatches;
  expect(launches).toBeGreaterThanOrEqual(1000);
  expect(after.submits - before.submits).toBeLessThanOrEqual(Math.ceil(launches / 64) + 1);
  // All else stands still: memory, what was created, uploads, reads.
  expect(after).toEqual({ ...before, dispatches: after.dispatches, submits: after.submits });
});
