import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { clippingFixtures, clipsAsPyTorch } from './clipping.ts';

const cpu = await open('cpu');

test.each(clippingFixtures)('gradients are clipped as in PyTorch on the CPU: $name', async (fixture) => {
  expect(await clipsAsPyTorch(fixture, cpu)).toBe(true);
});
