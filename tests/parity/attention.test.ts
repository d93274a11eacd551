import { describe, expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { watched } from '../pipeline/diagnostics/everyLaunch.ts';
import { attentionFixtures, likeGpu } from './attention.ts';
import { differences, orders } from './operations.ts';

const devices = [
  ['WebAssembly', likeGpu(await open('cpu'))],
  ['the plain twin', likeGpu(await open('cpu', { reference: true }))],
] as const;

describe.each(devices)('one kernel in %s', (_, device) => {
  describe.each(orders)('with %s inputs', (order) => {
    test.each(attentionFixtures)('$name is as in PyTorch', async (fixture) => {
      expect(await differences(fixture, device, order)).toEqual([]);
    });
  });
});

test('cases of these are one launch, but for dropout and masks with gradients', async () => {
  const launched: string[] = [];
  const device = watched(likeGpu(await open('cpu')), ({ kernel }) => launched.push(kernel));
  for (const fixture of attentionFixtures) await differences(fixture, device, 'contiguous');
  const count = (name: string): number => launched.filter((each) => each === name).length;
  expect([attentionFixtures.length, count('attention'), count('attentionGradient')]).toEqual([20, 18, 18]);
});
