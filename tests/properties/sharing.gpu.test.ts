import { expect, test } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { sharingDifference } from './sharing.ts';

test('50 random programs share memory as they should on the GPU', async (context) => {
  const device = await webgpuOrSkip(context);
  const failed: string[] = [];
  for (let at = 0; at < 50; at++) {
    const difference = await sharingDifference(device, at);
    if (difference !== undefined) failed.push(difference);
  }
  expect(failed).toEqual([]);
});
