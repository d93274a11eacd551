import fc from 'fast-check';
import { expect, test } from 'vitest';

import { DataError } from '../../../src/pipeline/data/errors.ts';
import { limited, stratifiedSplit, subset } from '../../../src/pipeline/data/split.ts';

const labelled = fc.uint8Array({ max: 9, maxLength: 200 });
const seeds = fc.nat(Number.MAX_SAFE_INTEGER);
const withCount = labelled.chain((labels) => fc.tuple(fc.constant(labels), fc.nat(labels.length)));

function histogram(labels: Uint8Array, indices: Iterable<number> = labels.keys()): number[] {
  const counts = new Array<number>(10).fill(0);
  for (const index of indices) counts[labels[index]!]!++;
  return counts;
}

/** Classes of unequal size may round apart, but no further than this. */
function expectStratified(labels: Uint8Array, chosen: Uint32Array): void {
  const all = histogram(labels);
  const classes = all.filter((count) => count > 0).length;
  histogram(labels, chosen).forEach((count, label) => {
    const share = all[label]! / labels.length || 0;
    expect(Math.abs(count - chosen.length * share)).toBeLessThanOrEqual(0.5 + (classes / 2) * share + 1e-9);
  });
}

function isAscending(indices: Uint32Array): boolean {
  return indices.every((value, i) => i === 0 || indices[i - 1]! < value);
}

test('a split has the size asked for, holds every index once, ascending, and is stratified', () => {
  fc.assert(
    fc.property(withCount, seeds, ([labels, count], seed) => {
      const { train, validation } = stratifiedSplit(labels, count, seed);
      expect(validation).toHaveLength(count);
      expect([...train, ...validation].sort((a, b) => a - b)).toEqual([...labels.keys()]);
      expect(isAscending(train) && isAscending(validation)).toBe(true);
      expectStratified(labels, validation);
      expect(stratifiedSplit(labels, count, seed)).toEqual({ train, validation });
    }),
  );
});

test('a smaller validation set or subset is part of a larger one', () => {
  fc.assert(
    fc.property(withCount, seeds, fc.nat(20), ([labels, count], seed, less) => {
      const smaller = Math.max(0, count - less);
      const large = new Set(stratifiedSplit(labels, count, seed).validation);
      expect([...stratifiedSplit(labels, smaller, seed).validation].every((i) => large.has(i))).toBe(true);
      const many = new Set(subset(labels, count, seed));
      expect([...subset(labels, smaller, seed)].every((i) => many.has(i))).toBe(true);
    }),
  );
});

const balanced = Uint8Array.from({ length: 1000 }, (_, i) => i % 10);

test('equal classes give equal shares', () => {
  const { train, validation } = stratifiedSplit(balanced, 100, 1);
  expect(histogram(balanced, validation)).toEqual(new Array(10).fill(10));
  expect(histogram(balanced, train)).toEqual(new Array(10).fill(90));
  expect(histogram(balanced, subset(balanced, 50, 1))).toEqual(new Array(10).fill(5));
});

test('a fraction counts as the nearest number of examples', () => {
  expect(stratifiedSplit(balanced, 0.1, 1)).toEqual(stratifiedSplit(balanced, 100, 1));
  expect(stratifiedSplit(balanced, 0.0004, 1).validation).toHaveLength(0);
  expect(stratifiedSplit(balanced, 0, 1).train).toHaveLength(1000);
});

test('seeds differ, and a subset does not repeat the split', () => {
  const validation = stratifiedSplit(balanced, 100, 1).validation;
  expect(stratifiedSplit(balanced, 100, 2).validation).not.toEqual(validation);
  expect(subset(balanced, 100, 1)).not.toEqual(validation);
});

test('stays what it is: another result would change every training run', () => {
  expect(Array.from(stratifiedSplit(balanced, 10, 42).validation)).toEqual([
    41, 167, 255, 272, 343, 434, 508, 536, 770, 949,
  ]);
  expect(Array.from(subset(balanced, 10, 42))).toEqual([79, 281, 338, 396, 657, 854, 855, 940, 962, 993]);
});

test('where two classes are due at once, the lower class gives its example first', () => {
  for (let seed = 0; seed < 5; seed++) {
    expect(Array.from(stratifiedSplit(Uint8Array.of(7, 3, 5), 1, seed).validation)).toEqual([1]);
    expect(Array.from(stratifiedSplit(Uint8Array.of(7, 3, 5), 2, seed).validation)).toEqual([1, 2]);
    expect(Array.from(subset(Uint8Array.of(9, 9, 2, 2), 1, seed))[0]).toBeGreaterThan(1);
  }
});

test('a subset among indices holds only those, stratified among them', () => {
  fc.assert(
    fc.property(withCount, seeds, fc.nat(50), ([labels, count], seed, limit) => {
      const { train } = stratifiedSplit(labels, count, seed);
      const chosen = subset(labels, limit, seed, train);
      expect(chosen).toHaveLength(Math.min(limit, train.length));
      expect(isAscending(chosen)).toBe(true);
      expect([...chosen].every((index) => train.includes(index))).toBe(true);
      const positions = Uint32Array.from(chosen, (index) => train.indexOf(index));
      expectStratified(
        Uint8Array.from(train, (index) => labels[index]!),
        positions,
      );
    }),
  );
});

test.each([-1, 1.5, 1001, NaN, Infinity])('refuses a validation set of %s', (size) => {
  expect(() => stratifiedSplit(balanced, size, 1)).toThrow(DataError);
  expect(() => stratifiedSplit(balanced, size, 1)).toThrow(/fraction in \(0, 1\), or a count from 0 to 1000/);
});

test.each([-1, 0.5, NaN])('refuses a subset of %s', (limit) => {
  expect(() => subset(balanced, limit, 1)).toThrow(DataError);
});

test('a limit chooses among the given rows', () => {
  const labels = Uint8Array.from({ length: 200 }, (_, row) => row % 10);
  const rows = Uint32Array.from({ length: 100 }, (_, at) => 2 * at + 1);
  for (const limit of [1, 37, 99]) {
    const chosen = limited(labels, rows, limit, 7);
    expect(chosen).toHaveLength(limit);
    expect([...chosen].every((row) => rows.includes(row))).toBe(true);
  }
  for (const limit of [undefined, 100, 101]) expect(limited(labels, rows, limit, 7)).toEqual(rows);
});
