import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { lossDifference } from './losses.ts';

test.each([
  ['WebAssembly', await open('cpu')],
  ['the plain twins', await open('cpu', { reference: true })],
])('200 random losses in %s are as defined', async (_, device) => {
  const failed: string[] = [];
  for (let at = 0; at < 200; at++) {
    const difference = await lossDifference(device, at);
    if (difference !== undefined) failed.push(difference);
  }
  expect(failed).toEqual([]);
});
