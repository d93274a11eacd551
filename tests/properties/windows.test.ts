import { expect, test } from 'vitest';
import { open } from '../../src/index.ts';
import { differences } from './windows.ts';

test.each([
  ['WebAssembly', await open('cpu')],
  ['the plain twins', await open('cpu', { reference: true })],
])('500 random convolutions and poolings in %s are as defined', async (_, device) => {
  const failed: string[] = [];
  for (let at = 0; at < 500; at++) {
    const difference = await differences(device, at);
    if (difference !== undefined) failed.push(difference);
  }
  expect(failed).toEqual([]);
});
