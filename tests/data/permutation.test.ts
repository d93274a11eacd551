import fc from 'fast-check';
import { expect, test } from 'vitest';

import { philox4x32 } from '../../src/backend/philox.ts';
import { permutation } from '../../src/data/permutation.ts';

const seeds = fc.nat(Number.MAX_SAFE_INTEGER);

test('holds every index once, and is a function of its arguments', () => {
  fc.assert(
    fc.property(fc.nat(300), seeds, fc.nat(0xffffffff), (n, seed, stream) => {
      const order = permutation(n, { seed, stream });
      expect(Array.from(order.toSorted())).toEqual(Array.from({ length: n }, (_, i) => i));
      expect(permutation(n, { seed, stream })).toEqual(order);
    }),
  );
});

test('differs between seeds (both halves), streams and domains', () => {
  const variants = [
    { seed: 1 },
    { seed: 2 },
    { seed: 1 + 2 ** 32 },
    { seed: 1, stream: 1 },
    { seed: 1, domain: 1 },
    { seed: 1, stream: 1, domain: 1 },
  ].map((options) => permutation(1000, options).join());
  expect(new Set(variants).size).toBe(variants.length);
});

test('stays what it is: another result would change every training run', () => {
  expect(Array.from(permutation(10, { seed: 42, stream: 3 }))).toEqual([9, 4, 2, 5, 6, 3, 0, 8, 1, 7]);
});

test('follows the documented counters: two elements swap unless the first word picks the second', () => {
  for (let stream = 0; stream < 20; stream++) {
    const [word] = philox4x32([0, 0, stream, 0x73687566], [5, 0]);
    expect(Array.from(permutation(2, { seed: 5, stream }))).toEqual(word < 2 ** 31 ? [1, 0] : [0, 1]);
  }
});

test('gives each of the 24 orders of four elements equally often', () => {
  const rounds = 24_000;
  const counts = new Map<string, number>();
  for (let stream = 0; stream < rounds; stream++) {
    const order = permutation(4, { seed: 7, stream }).join();
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  expect(counts.size).toBe(24);
  const expected = rounds / 24;
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
  // The 99.9 % quantile of chi-square with 23 degrees of freedom. The streams are fixed, so it never flickers.
  expect(chiSquare).toBeLessThan(49.7);
});

test.each([
  ['n', () => permutation(-1, { seed: 1 })],
  ['n', () => permutation(1.5, { seed: 1 })],
  ['seed', () => permutation(4, { seed: -1 })],
  ['seed', () => permutation(4, { seed: 0.5 })],
  ['stream', () => permutation(4, { seed: 1, stream: 2 ** 32 })],
])('refuses a bad %s', (name, call) => {
  expect(call).toThrow(new RegExp(`permutation: ${name} must be an integer`));
});
