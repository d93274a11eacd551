import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { optimizerDifference } from './optimizers.ts';

test.each([
  ['WebAssembly', await open('cpu')],
  ['the plain twins', await open('cpu', { reference: true })],
])('100 random optimizer runs with schedules in %s are as defined', async (_, device) => {
  const failed: string[] = [];
  for (let at = 0; at < 100; at++) {
    const difference = await optimizerDifference(device, at);
    if (difference !== undefined) failed.push(difference);
  }
  expect(failed).toEqual([]);
});
