import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';
import { napping } from '../../src/platform/node/napping.ts';

afterEach(() => vi.restoreAllMocks());

test('gives what the promise gives, an error too', async () => {
  expect(await napping(Promise.resolve(7))).toBe(7);
  await expect(napping(Promise.reject(new Error('lost')))).rejects.toThrow('lost');
});

test('lets the event loop turn seldom while it waits', async () => {
  let [turns, waiting] = [0, true];
  const wait = napping(sleep(100)).then(() => (waiting = false));
  while (waiting) {
    turns++;
    await turn();
  }
  await wait;
  // Naps grow to a millisecond; without them there are tens of thousands of turns.
  expect(turns).toBeLessThan(1000);
});

test('naps last a tenth of the time waited, and a millisecond at most', async () => {
  const nap = vi.spyOn(Atomics, 'wait');
  await napping(sleep(30));
  const lengths = nap.mock.calls.map(([, , , milliseconds]) => milliseconds!);
  expect(lengths.length).toBeGreaterThan(3);
  expect(lengths[0]).toBeLessThan(1);
  expect(lengths.at(-1)).toBe(1);
});

test('the last of several waits ends the naps', async () => {
  const nap = vi.spyOn(Atomics, 'wait');
  await Promise.all([napping(sleep(5)), napping(sleep(20)), napping(sleep(10))]);
  await turn();
  const naps = nap.mock.calls.length;
  for (let each = 0; each < 5; each++) await turn();
  expect(nap.mock.calls.length).toBe(naps);
});
