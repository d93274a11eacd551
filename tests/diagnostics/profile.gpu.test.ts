import { expect, test } from 'vitest';
import { profile } from '../../src/diagnostics/index.ts';
import { DeviceLostError, ones } from '../../src/index.ts';
import { openOwn } from '../backend/webgpu/devices.ts';

test('ends once on a GPU, also where it is asked twice at the same time', async (context) => {
  const { backend } = await openOwn(context);
  for (const twice of [
    async (stop: () => Promise<unknown>) => [await stop(), await stop()],
    (stop: () => Promise<unknown>) => Promise.all([stop(), stop()]),
  ]) {
    const profiler = profile(backend);
    const x = ones([4], { device: backend });
    const [first, second] = await twice(() => profiler.stop());
    expect(second).toEqual(first);
    expect([...(await x.add(1).data())]).toEqual([2, 2, 2, 2]);
  }
});

test('of a device that is destroyed meanwhile is the error of that', async (context) => {
  const { backend } = await openOwn(context);
  const profiler = profile(backend);
  ones([4], { device: backend });
  backend.destroy();
  await expect(profiler.stop()).rejects.toThrow(DeviceLostError);
});
