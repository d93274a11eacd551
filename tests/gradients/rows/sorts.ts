import * as ops from '../../../src/ops/index.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import type { Case, Row, Rows } from '../cases.ts';
import { booleans, distinct, given, indices, integers, SPECIAL } from '../inputs.ts';
import { joined } from './compositions.ts';
import { AT_KINKS, SPECIAL_VALUES } from './families.ts';
import { rowwise } from './reductions.ts';

const sorted = (fn: (x: Tensor, dim: number) => Tensor, differentiable: boolean): Row => ({
  differentiable,
  cases: [
    // The result has positions besides.
    ...rowwise(fn, distinct).cases.map((each): Case => ({ ...each, terms: 1 })),
    {
      name: 'ties',
      inputs: [given([1, 3, 3, 1, 2, 1, 3, 1], [2, 4])],
      fn: (x) => fn(x, 1),
      notNumerically: AT_KINKS,
    },
    {
      name: 'many ties, over several runs',
      inputs: [{ shape: [2, 150], kind: 'float', value: (element) => (element * 7) % 5 }],
      fn: (x) => fn(x, 1),
      notNumerically: AT_KINKS,
    },
    {
      name: 'special values twice',
      inputs: [given([...SPECIAL, ...SPECIAL])],
      fn: (x) => fn(x, 0),
      notNumerically: SPECIAL_VALUES,
    },
    { name: 'int32', inputs: [integers(-9, 10, 3, 40)], fn: (x) => fn(x, 1) },
    {
      name: 'int32 of any size',
      inputs: [indices([2 ** 31 - 1, -(2 ** 31), 0, -1, 2 ** 24 + 1, 2 ** 24])],
      fn: (x) => fn(x, 0),
    },
    { name: 'bool', inputs: [booleans(3, 5)], fn: (x) => fn(x, 1) },
  ],
});

const descending = (row: Row): Case[] =>
  row.cases.map((each) => ({ ...each, name: `${each.name}, descending` }));

const ascendingSort = sorted((x, dim) => joined(x.sort(dim)), true);
const descendingSort = sorted((x, dim) => joined(x.sort(dim, true)), true);
const some = (x: Tensor, dim: number, largest: boolean): Tensor => {
  const length = x.shape.at(dim) ?? 1;
  return joined(x.topk(Math.min(length, 7), dim, { largest }));
};
const greatest = sorted((x, dim) => some(x, dim, true), true);
const least = sorted((x, dim) => some(x, dim, false), true);

export const sorts: Rows<'argsort' | 'sort' | 'topk'> = {
  argsort: sorted((x, dim) => ops.argsort(x, dim), false),
  sort: { ...ascendingSort, cases: [...ascendingSort.cases, ...descending(descendingSort)] },
  topk: {
    ...greatest,
    cases: [
      ...descending(greatest),
      ...least.cases,
      { name: 'none', inputs: [distinct(3, 4)], fn: (x) => joined(x.topk(0)) },
      { name: 'more than a run', inputs: [distinct(2, 300)], fn: (x) => joined(x.topk(40)) },
    ],
  },
};
