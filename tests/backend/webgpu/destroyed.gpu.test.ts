import { setTimeout as wait } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { open } from '../../../src/index.ts';
import { tensor } from '../../../src/tensor/create.ts';
import { webgpuOrSkip } from '../../adapter.ts';
import { collectGarbage } from '../../collectGarbage.ts';

async function openAndDestroy(): Promise<WeakRef<object>> {
  const device = await open('webgpu');
  expect(await tensor([1, 2], { device }).sum().item()).toBe(3);
  device.destroy();
  return new WeakRef(device);
}

test('a destroyed device, with the driver’s threads, goes when nobody holds it', async (context) => {
  await webgpuOrSkip(context);
  const devices = [await openAndDestroy(), await openAndDestroy(), await openAndDestroy()];
  for (let turn = 0; turn < 10; turn++) {
    await wait(10);
    collectGarbage();
  }
  // One may remain in a register or in a promise that the engine has not reused yet.
  expect(devices.filter((device) => device.deref()).length).toBeLessThanOrEqual(1);
});
