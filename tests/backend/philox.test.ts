import fc from 'fast-check';
import { expect, test } from 'vitest';

import { multiplyHigh, philox4x32, type Words2, type Words4 } from '../../src/backend/philox.ts';

const ONES = 0xffffffff;

// The known-answer vectors of the Random123 library (kat_vectors, philox4x32 10).
const vectors: { counter: Words4; key: Words2; output: Words4 }[] = [
  { counter: [0, 0, 0, 0], key: [0, 0], output: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
  {
    counter: [ONES, ONES, ONES, ONES],
    key: [ONES, ONES],
    output: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
  },
  {
    counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
    key: [0xa4093822, 0x299f31d0],
    output: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
  },
];

test.each(vectors)('gives the known answer for counter $counter', ({ counter, key, output }) => {
  expect(philox4x32(counter, key)).toEqual(output);
});

test('leaves its arguments alone', () => {
  const counter: Words4 = [1, 2, 3, 4];
  const key: Words2 = [5, 6];
  philox4x32(counter, key);
  expect([counter, key]).toEqual([
    [1, 2, 3, 4],
    [5, 6],
  ]);
});

test('multiplyHigh agrees with integers of any size', () => {
  const u32 = fc.integer({ min: 0, max: ONES });
  fc.assert(
    fc.property(u32, u32, (a, b) => {
      expect(multiplyHigh(a, b)).toBe(Number((BigInt(a) * BigInt(b)) >> 32n));
    }),
    { examples: [[ONES, ONES]] },
  );
});
