import { expect, test } from 'vitest';
import type { Params } from '../../src/backend/backend.ts';
import { loadsWords } from '../../src/backend/webgpu/words.ts';

/** a [8, 16] times b [16, 12], both contiguous along rows. */
const base: Params<'matmul'> = {
  ...{ m: 8, n: 12, k: 16, batch: 1, chunk: 16 },
  ...{ aOffset: 0, aRowStride: 16, aColumnStride: 1, aBatchStride: 0 },
  ...{ bOffset: 0, bRowStride: 12, bColumnStride: 1, bBatchStride: 0 },
  ...{ outOffset: 0, biasOffset: 0 },
};
const aTransposed = { aRowStride: 1, aColumnStride: 8 };
const bTransposed = { bRowStride: 1, bColumnStride: 16 };

test.each<[string, Partial<Params<'matmul'>>, boolean]>([
  ['contiguous rows', {}, true],
  ['offsets of whole words', { aOffset: 4, bOffset: 8, outOffset: 1, biasOffset: 1 }, true],
  ['a begins within a word', { aOffset: 2 }, false],
  ['b begins within a word', { bOffset: 1 }, false],
  ['rows of a begin within a word', { aRowStride: 18 }, false],
  ['rows of b begin within a word', { bRowStride: 14 }, false],
  ['rows of a in reverse', { aRowStride: -16 }, true],
  ['steps that are no whole words', { k: 18, chunk: 18, aRowStride: 20 }, false],
  ['chunks of whole words', { chunk: 8 }, true],
  ['chunks that are no whole words', { chunk: 6 }, false],
  ['one chunk, longer than the sum', { chunk: 18 }, true],
  ['columns that are no whole words', { n: 10 }, false],
  ['any number of rows', { m: 7 }, true],
  ['gaps in rows of a', { aRowStride: 32, aColumnStride: 2 }, false],
  ['gaps in rows of b', { bRowStride: 24, bColumnStride: 2 }, false],
  ['a row of a for all', { aRowStride: 0 }, false],
  ['rows of b in reverse order of elements', { bColumnStride: -1 }, false],
  ['a transposed', aTransposed, true],
  ['a transposed: rows that are no whole words', { ...aTransposed, m: 6 }, false],
  ['a transposed: columns begin within a word', { ...aTransposed, aColumnStride: 10 }, false],
  ['a transposed: any number of steps, in any chunks', { ...aTransposed, k: 18, chunk: 6 }, true],
  ['b transposed', bTransposed, true],
  [
    'b transposed: steps that are no whole words',
    { ...bTransposed, k: 18, chunk: 18, bColumnStride: 20 },
    false,
  ],
  ['b transposed: chunks that are no whole words', { ...aTransposed, ...bTransposed, chunk: 6 }, false],
  ['b transposed: any number of columns', { ...bTransposed, n: 11 }, true],
  ['b transposed: columns begin within a word', { ...bTransposed, bColumnStride: 18 }, false],
  ['batches of whole words', { batch: 2, aBatchStride: 128, bBatchStride: 192 }, true],
  ['batches of a begin within a word', { batch: 2, aBatchStride: 130, bBatchStride: 192 }, false],
  ['batches of b begin within a word', { batch: 2, aBatchStride: 128, bBatchStride: 194 }, false],
  ['one batch, at any distance', { batch: 1, aBatchStride: 130, bBatchStride: 194 }, true],
])('a product is loaded in words of four only where all of them are whole: %s', (_, change, expected) => {
  expect(loadsWords({ ...base, ...change })).toBe(expected);
});
