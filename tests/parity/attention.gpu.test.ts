import { expect, test } from 'vitest';
import { openAsGpu } from '../backend/webgpu/devices.ts';
import { attentionFixtures } from './attention.ts';
import { differences } from './operations.ts';

/** One for each way of masking, and a wide head: software drivers take seconds to compile each. */
const NAMES = ['one', 'no-key', 'no-key-added', 'long', 'long-causal', 'long-padded', '33-by-5'];

test.for(NAMES)('attention by one kernel is as in PyTorch: %s', async (name, context) => {
  const device = await openAsGpu(context);
  const fixture = attentionFixtures.find((each) => each.name === `scaledDotProductAttention/${name}`)!;
  for (const order of ['placed', 'strided'] as const) {
    expect(await differences(fixture, device, order)).toEqual([]);
  }
});
