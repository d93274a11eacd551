import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { sharingDifference } from './sharing.ts';

test('200 random programs share memory as they should', async () => {
  const device = await open('cpu');
  const failed: string[] = [];
  for (let at = 0; at < 200; at++) {
    const difference = await sharingDifference(device, at);
    if (difference !== undefined) failed.push(difference);
  }
  expect(failed).toEqual([]);
});
