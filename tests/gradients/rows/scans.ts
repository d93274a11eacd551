import * as ops from '../../../src/ops/index.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import type { Case, Row, Rows } from '../cases.ts';
import { between, booleans, given, type Input, indices, integers, numbers } from '../inputs.ts';
import { SPECIAL_VALUES } from './families.ts';
import { oneSpecialARow, rowwise } from './reductions.ts';

/** Factors near 1, so that long products stay in range. */
const factors = (...shape: number[]): Input => between(0.9, 1.1, shape);
/** Whole numbers with one zero and with two in a row. */
const zeros = given([2, 0, 3, 1, 0, 2, 0, 1.5, 1, 2, 3, 4], [3, 4]);

const wholeNumbers = (fn: (x: Tensor) => Tensor): Case[] => [
  { name: 'int32', inputs: [integers(-9, 10, 3, 5)], fn },
  { name: 'int32 that wraps', inputs: [indices([2 ** 30, 2, 2 ** 30 + 1, 3, 2 ** 31 - 1, 5], [2, 3])], fn },
  { name: 'bool', inputs: [booleans(3, 5)], fn },
];

const scan = (fn: (x: Tensor, dim: number) => Tensor, make?: (...shape: number[]) => Input): Row => ({
  differentiable: true,
  cases: [
    ...rowwise(fn, make).cases,
    { name: 'rows with zeros', inputs: [zeros], fn: (x) => fn(x, 1), terms: 4 },
    { name: 'columns with zeros, of a view', inputs: [zeros], fn: (x) => fn(x.t(), 0), terms: 4 },
    ...wholeNumbers((x) => fn(x, 1)),
  ],
});

/** Running sums and products. */
export const scans: Rows<'cumprod' | 'cumsum' | 'prod'> = {
  cumprod: scan(ops.cumprod, factors),
  cumsum: scan(ops.cumsum),
  prod: {
    differentiable: true,
    cases: [
      { name: 'all dims', inputs: [numbers(3, 4)], fn: (x) => x.prod(), terms: 12 },
      { name: 'rows', inputs: [numbers(3, 4)], fn: (x) => x.prod(1), terms: 4 },
      { name: 'columns of a view, kept', inputs: [numbers(3, 4)], fn: (x) => x.t().prod(0, true), terms: 4 },
      { name: 'all dims, kept', inputs: [numbers(3, 2)], fn: (x) => x.prod({ keepdim: true }), terms: 6 },
      { name: 'middle of three', inputs: [numbers(2, 3, 2)], fn: (x) => x.prod(-2), terms: 3 },
      { name: 'scalar', inputs: [numbers()], fn: (x) => x.prod() },
      { name: 'scalar over dim 0', inputs: [numbers()], fn: (x) => x.prod(0) },
      { name: 'zeros', inputs: [zeros], fn: (x) => x.prod(1), terms: 4 },
      { name: 'of nothing', inputs: [numbers(3, 0)], fn: (x) => x.prod(1) },
      { name: 'nothing left', inputs: [numbers(0, 3)], fn: (x) => x.prod(1) },
      { name: 'long rows', inputs: [factors(3, 700)], fn: (x) => x.prod(1), terms: 700 },
      { name: 'long, cut into chunks', inputs: [factors(5003)], fn: (x) => x.prod(), terms: 5003 },
      {
        name: 'special values',
        inputs: [oneSpecialARow],
        fn: (x) => x.prod(1),
        notNumerically: SPECIAL_VALUES,
      },
      ...wholeNumbers((x) => x.prod(1)),
    ],
  },
};
