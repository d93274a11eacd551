import { expect, test } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { lossDifference } from './losses.ts';

test('200 random losses on the GPU are as defined', async (context) => {
  const device = await webgpuOrSkip(context);
  const failed: string[] = [];
  for (let at = 0; at < 200; at++) {
    const difference = await lossDifference(device, at);
    if (difference !== undefined) failed.push(difference);
  }
  expect(failed).toEqual([]);
});
