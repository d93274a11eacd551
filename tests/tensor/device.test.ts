import { expect, test } from 'vitest';
import { defaultDevice, type DeviceName, init, WgradError, zeros } from '../../src/index.ts';

test('the default device is the one opened last; before that, an error says what to do', async () => {
  expect(() => zeros([1])).toThrow(
    "No device is open: await init('webgpu' | 'cpu' | 'auto') before making tensors.",
  );
  const device = await init('cpu');
  expect(defaultDevice()).toBe(device);
  expect(zeros([1]).device).toBe(device);
});

test('an unknown device is refused by name', async () => {
  await expect(init('cuda' as DeviceName)).rejects.toThrow(WgradError);
  await expect(init('cuda' as DeviceName)).rejects.toThrow(/takes {2}'webgpu', 'cpu' or 'auto'\n.*"cuda"/);
});
