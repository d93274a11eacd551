import { expect, test } from 'vitest';
import { webgpuOrSkip } from '../adapter.ts';
import { differences } from './windows.ts';

/** Configurations that share their pipelines. */
const PER_FAMILY = 16;

test('500 random convolutions and poolings on the GPU are as defined', async (context) => {
  const device = await webgpuOrSkip(context);
  const failed: string[] = [];
  for (let at = 0; at < 500; at++) {
    const difference = await differences(device, at, PER_FAMILY);
    if (difference !== undefined) failed.push(difference);
  }
  expect(failed).toEqual([]);
});
