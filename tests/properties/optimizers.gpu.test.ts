import { expect, test } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { optimizerDifference } from './optimizers.ts';

test('100 random optimizer runs with schedules on the GPU are as defined', async (context) => {
  const device = await webgpuOrSkip(context);
  const failed: string[] = [];
  for (let at = 0; at < 100; at++) {
    const difference = await optimizerDifference(device, at);
    if (difference !== undefined) failed.push(difference);
  }
  expect(failed).toEqual([]);
});
