import type { Tensor } from '../../../src/tensor/tensor.ts';
import type { Case } from '../cases.ts';
import { given, type Input, integers, SPECIAL } from '../inputs.ts';

export const SPECIAL_VALUES = 'NaN and infinities have no differences';
export const AT_KINKS = 'at kinks the one-sided slopes differ';

/** The cases that every unary element-wise operation goes through. */
export function unaryCases(fn: (x: Tensor) => Tensor, make: (...shape: number[]) => Input): Case[] {
  return [
    { name: 'scalar', inputs: [make()], fn },
    { name: 'odd sizes', inputs: [make(3, 5)], fn },
    { name: 'one element', inputs: [make(1)], fn },
    { name: 'no element', inputs: [make(0, 3)], fn },
    { name: 'wider than a workgroup', inputs: [make(3, 259)], fn },
    { name: 'transposed', inputs: [make(3, 5)], fn: (x) => fn(x.t()) },
    {
      name: 'every second column, flipped',
      inputs: [make(3, 7)],
      fn: (x) => fn(x.slice(null, [1, null, 2]).flip([0, 1])),
    },
    { name: 'stretched', inputs: [make(1, 3)], fn: (x) => fn(x.expand([2, 4, 3])) },
    { name: 'rank 3, axes reversed', inputs: [make(2, 3, 4)], fn: (x) => fn(x.permute([2, 1, 0])) },
    { name: 'rank 4, axes reversed', inputs: [make(2, 3, 2, 4)], fn: (x) => fn(x.permute([3, 2, 1, 0])) },
    {
      name: 'rank 5, axes reversed',
      inputs: [make(2, 3, 1, 2, 2, 2)],
      fn: (x) => fn(x.permute([5, 4, 3, 2, 1, 0])),
    },
    { name: 'special values', inputs: [given(SPECIAL)], fn, notNumerically: SPECIAL_VALUES },
  ];
}

type Makers = readonly [(...shape: number[]) => Input, (...shape: number[]) => Input];

/** The cases that every binary element-wise operation goes through. */
export function binaryCases(fn: (a: Tensor, b: Tensor) => Tensor, [left, right]: Makers): Case[] {
  return [
    { name: 'odd sizes', inputs: [left(3, 5), right(3, 5)], fn },
    { name: 'scalars', inputs: [left(), right()], fn },
    { name: 'scalar and matrix', inputs: [left(), right(2, 3)], fn },
    { name: 'column and rows', inputs: [left(3, 1), right(2, 1, 4)], fn, terms: 8 },
    { name: 'row under a batch', inputs: [left(2, 3, 4), right(4)], fn, terms: 6 },
    { name: 'no element', inputs: [left(0, 3), right(1, 3)], fn },
    { name: 'wider than a workgroup', inputs: [left(3, 259), right(259)], fn, terms: 3 },
    {
      name: 'transposed and sliced',
      inputs: [left(3, 5), right(5, 6)],
      fn: (a, b) => fn(a.t(), b.slice(null, [0, null, 2])),
    },
    {
      name: 'rank 3, axes reversed',
      inputs: [left(2, 3, 4), right(4, 3, 2)],
      fn: (a, b) => fn(a.permute([2, 1, 0]), b),
    },
    {
      name: 'rank 4, axes reversed and stretched',
      inputs: [left(2, 3, 2, 4), right(4, 1, 3, 2)],
      fn: (a, b) => fn(a.permute([3, 2, 1, 0]), b),
      terms: 2,
    },
    {
      name: 'rank 6, in different orders',
      inputs: [left(2, 2, 1, 3, 2, 2), right(2, 2, 2, 3, 1, 2)],
      fn: (a, b) => fn(a.permute([5, 4, 3, 2, 1, 0]), b.permute([0, 2, 3, 4, 1, 5])),
      terms: 4,
    },
    {
      name: 'special values, each with each',
      inputs: [given(SPECIAL, [7, 1]), given(SPECIAL, [1, 7])],
      fn,
      notNumerically: SPECIAL_VALUES,
    },
  ];
}

/** Cases of whole numbers for binary operations that take them. */
export function integerCases(fn: (a: Tensor, b: Tensor) => Tensor): Case[] {
  return [
    { name: 'int32', inputs: [integers(-9, 10, 4, 5), integers(-9, 10, 5)], fn },
    {
      name: 'int32, transposed',
      inputs: [integers(-9, 10, 4, 5), integers(-9, 10, 5, 4)],
      fn: (a, b) => fn(a.t(), b),
    },
  ];
}
