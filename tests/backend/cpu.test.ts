import { expect, test } from 'vitest';
import { openCpu } from '../../src/backend/cpu/cpu.ts';
import { DeviceLostError } from '../../src/backend/errors.ts';

test('the CPU keeps the same books as a GPU', async () => {
  const device = await openCpu();
  const out = device.allocate('float32', 3);
  device.write(out, Float32Array.of(1, 2, 3));
  device.run('fill', { out }, { size: 2, value: 7 }, { Element: 'f32' });
  expect(await device.read(out, 1, 2)).toEqual(Float32Array.of(7, 3));
  expect(device.stats()).toMatchObject({
    dispatches: 1,
    buffersAlive: 1,
    bytesAlive: 12,
    bytesUploaded: 12,
    bytesRead: 8,
    reads: 1,
    buffersCreated: 1,
  });
  device.release(out);
  device.allocate('float32', 3);
  expect(device.stats()).toMatchObject({ buffersAlive: 1, buffersCreated: 1, bytesPooled: 0 });
});

test('what is read is a copy', async () => {
  const device = await openCpu();
  const x = device.allocate('float32', 1);
  device.write(x, Float32Array.of(1));
  const read = await device.read(x, 0, 1);
  device.write(x, Float32Array.of(2));
  expect(read).toEqual(Float32Array.of(1));
});

test('a destroyed device refuses every later call', async () => {
  const device = await openCpu();
  const x = device.allocate('float32', 1);
  device.destroy();
  expect(() => device.allocate('float32', 1)).toThrow(DeviceLostError);
  expect(() => device.write(x, Float32Array.of(1))).toThrow(DeviceLostError);
  expect(() => device.flush()).toThrow(DeviceLostError);
  device.release(x);
});
