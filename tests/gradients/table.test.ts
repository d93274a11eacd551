import { expect, test } from 'vitest';
import * as operations from '../../src/ops/index.ts';
import { table } from './table.ts';

test('every exported operation has a row, and no row is left over', () => {
  const exported = Object.entries(operations)
    .filter(([, value]) => typeof value === 'function')
    .map(([name]) => name);
  expect(Object.keys(table).sort()).toEqual(exported.sort());
});

test.each(Object.entries(table))('the cases of %s have different names', (_, { cases }) => {
  const names = cases.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});
