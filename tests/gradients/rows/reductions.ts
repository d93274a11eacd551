import type { Dims } from '../../../src/ops/support/reduction.ts';
import * as ops from '../../../src/ops/index.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import type { Case, Row, Rows } from '../cases.ts';
import { booleans, distinct, given, type Input, integers, numbers, SPECIAL } from '../inputs.ts';
import { AT_KINKS, SPECIAL_VALUES } from './families.ts';

type Reduction = (x: Tensor, dim?: Dims, keepdim?: boolean) => Tensor;
type Maker = (...shape: number[]) => Input;

/** Rows of seven, each with one of the special values among ordinary ones. */
export const oneSpecialARow: Input = given(
  SPECIAL.flatMap((value, row) =>
    Array.from({ length: 5 }, (_, column) => (column === row % 5 ? value : column - 2)),
  ),
  [7, 5],
);

/** The cases that every reduction over any dims goes through. */
function reductionCases(fn: Reduction, make: Maker): Case[] {
  return [
    { name: 'all dims', inputs: [make(3, 5)], fn: (x) => fn(x), terms: 15 },
    { name: 'first dim', inputs: [make(3, 5)], fn: (x) => fn(x, 0), terms: 3 },
    { name: 'last dim, kept', inputs: [make(3, 5)], fn: (x) => fn(x, -1, true), terms: 5 },
    { name: 'outer dims of three', inputs: [make(2, 3, 4)], fn: (x) => fn(x, [0, 2]), terms: 8 },
    { name: 'inner dim, kept', inputs: [make(2, 3, 4)], fn: (x) => fn(x, [-2], true), terms: 3 },
    { name: 'scalar', inputs: [make()], fn: (x) => fn(x) },
    { name: 'scalar over dim 0', inputs: [make()], fn: (x) => fn(x, 0) },
    { name: 'dim of size 1', inputs: [make(3, 1, 2)], fn: (x) => fn(x, 1) },
    { name: 'nothing left', inputs: [make(0, 3)], fn: (x) => fn(x, 1) },
    { name: 'row wider than a workgroup', inputs: [make(3, 700)], fn: (x) => fn(x, 1), terms: 700 },
    { name: 'many columns', inputs: [make(5, 300)], fn: (x) => fn(x, 0), terms: 5 },
    { name: 'long, cut into chunks', inputs: [make(3, 5003)], fn: (x) => fn(x, 1), terms: 5003 },
    { name: 'long columns, cut into chunks', inputs: [make(5003, 3)], fn: (x) => fn(x, 0), terms: 5003 },
    { name: 'transposed', inputs: [make(3, 5)], fn: (x) => fn(x.t(), 0), terms: 5 },
    {
      name: 'every second, flipped',
      inputs: [make(3, 9)],
      fn: (x) => fn(x.slice(null, [1, null, 2]).flip(1), 1),
      terms: 4,
    },
    {
      name: 'stretched',
      inputs: [make(3, 1)],
      fn: (x) => fn(x.expand([2, 3, 4]).mul(stairs(x)), [0, 2]),
      terms: 8,
    },
    {
      name: 'rank 6 of three kept and three reduced dims',
      inputs: [make(2, 3, 2, 2, 2, 2)],
      fn: (x) => fn(x.permute([5, 1, 3, 2, 4, 0]), [0, 2, 4]),
      terms: 8,
    },
    { name: 'special values', inputs: [oneSpecialARow], fn: (x) => fn(x, 1), notNumerically: SPECIAL_VALUES },
    {
      name: 'special values, all dims',
      inputs: [given(SPECIAL)],
      fn: (x) => fn(x),
      notNumerically: SPECIAL_VALUES,
    },
    {
      name: 'NaN at the end of a long row',
      inputs: [{ ...numbers(2, 5003), value: (element) => (element === 10_005 ? NaN : 1) }],
      fn: (x) => fn(x, 1),
      notNumerically: SPECIAL_VALUES,
    },
  ];
}

/** 1, 1.01, 1.02, … along the last of four: what tells copies of a stretched element apart. */
function stairs(like: Tensor): Tensor {
  return ops.cat(
    [0, 1, 2, 3].map((step) =>
      like
        .detach()
        .slice([0, 1])
        .mul(0)
        .add(1 + step / 100),
    ),
    1,
  );
}

function extreme(fn: Reduction): Row {
  return {
    differentiable: true,
    cases: [
      ...reductionCases(fn, distinct),
      {
        name: 'ties',
        inputs: [given([1, 3, 3, 2, 1, 1], [2, 3])],
        fn: (x) => fn(x, 1),
        notNumerically: AT_KINKS,
      },
      { name: 'int32', inputs: [integers(-99, 100, 3, 5)], fn: (x) => fn(x, 1) },
      { name: 'int32, all', inputs: [integers(-99, 100, 3, 5)], fn: (x) => fn(x) },
      { name: 'int32, long', inputs: [integers(-(2 ** 30), 2 ** 30, 2, 5003)], fn: (x) => fn(x, 1) },
    ],
  };
}

function position(fn: (x: Tensor, dim?: number, keepdim?: boolean) => Tensor): Row {
  return {
    differentiable: false,
    cases: [
      ...reductionCases(
        (x, dim, keepdim) => fn(x, typeof dim === 'object' ? dim[0] : dim, keepdim),
        distinct,
      ),
      { name: 'ties go to the first', inputs: [given([1, 3, 3, 2, 1, 1], [2, 3])], fn: (x) => fn(x, 1) },
      { name: 'all, kept', inputs: [distinct(2, 3)], fn: (x) => fn(x, undefined, true) },
      { name: 'int32', inputs: [integers(-99, 100, 3, 5)], fn: (x) => fn(x, 0) },
    ],
  };
}

/** Operations along one dim. */
export function rowwise(fn: (x: Tensor, dim: number) => Tensor, make: Maker = numbers): Row {
  return {
    differentiable: true,
    cases: [
      { name: 'rows', inputs: [make(3, 5)], fn: (x) => fn(x, 1), terms: 5 },
      { name: 'columns', inputs: [make(3, 5)], fn: (x) => fn(x, 0), terms: 3 },
      { name: 'middle of three', inputs: [make(2, 3, 4)], fn: (x) => fn(x, -2), terms: 3 },
      { name: 'scalar', inputs: [make()], fn: (x) => fn(x, 0) },
      { name: 'rows of one', inputs: [make(3, 1)], fn: (x) => fn(x, 1) },
      { name: 'no row', inputs: [make(0, 3)], fn: (x) => fn(x, 1) },
      { name: 'more rows than a workgroup', inputs: [make(301, 3)], fn: (x) => fn(x, 1), terms: 3 },
      { name: 'several lanes a row', inputs: [make(5, 77)], fn: (x) => fn(x, 1), terms: 77 },
      { name: 'row wider than a workgroup', inputs: [make(2, 1031)], fn: (x) => fn(x, 1), terms: 1031 },
      { name: 'long columns', inputs: [make(1031, 3)], fn: (x) => fn(x, 0), terms: 1031 },
      { name: 'transposed', inputs: [make(3, 5)], fn: (x) => fn(x.t(), 1), terms: 3 },
      {
        name: 'logits of ±300',
        inputs: [given([300, -300, 0, 299, 1, 2], [2, 3])],
        fn: (x) => fn(x, 1),
        notNumerically: 'flat',
      },
      {
        name: 'special values',
        inputs: [oneSpecialARow],
        fn: (x) => fn(x, 1),
        notNumerically: SPECIAL_VALUES,
      },
      {
        name: 'all -Inf',
        inputs: [given([-Infinity], [2, 3])],
        fn: (x) => fn(x, 1),
        notNumerically: SPECIAL_VALUES,
      },
    ],
  };
}

const sums = reductionCases(ops.sum, numbers);
const moments = (fn: (x: Tensor, dim?: Dims, keepdim?: boolean) => Tensor): Case[] =>
  reductionCases(fn, numbers).map((each) => ({ ...each, terms: (each.terms ?? 1) * 4 }));

export const reductions: Rows<
  | 'amax'
  | 'amin'
  | 'argmax'
  | 'argmin'
  | 'logSoftmax'
  | 'logsumexp'
  | 'mean'
  | 'softmax'
  | 'std'
  | 'sum'
  | 'sumToSize'
  | 'var'
> = {
  amax: extreme(ops.amax),
  amin: extreme(ops.amin),
  argmax: position(ops.argmax),
  argmin: position(ops.argmin),
  logSoftmax: rowwise(ops.logSoftmax),
  logsumexp: {
    differentiable: true,
    cases: [
      ...reductionCases(ops.logsumexp, numbers),
      {
        name: 'all -Inf',
        inputs: [given([-Infinity], [2, 3])],
        fn: (x) => x.logsumexp(1),
        notNumerically: SPECIAL_VALUES,
      },
      {
        name: 'logits of ±300',
        inputs: [given([300, -300, 0, 299, 1, 2], [2, 3])],
        fn: (x) => x.logsumexp(1),
        notNumerically: 'flat',
      },
    ],
  },
  mean: {
    differentiable: true,
    cases: [
      ...reductionCases(ops.mean, numbers),
      { name: 'over nothing', inputs: [numbers(3, 0)], fn: (x) => x.mean(1), notNumerically: SPECIAL_VALUES },
    ],
  },
  softmax: rowwise(ops.softmax),
  std: {
    differentiable: true,
    // One element has no spread: 0 / 0, or with a correction of 0 the root's kink at 0.
    cases: moments((x, dim, keepdim = false) => x.std(dim, { keepdim })).map((each) =>
      /scalar|size 1/.test(each.name) ? { ...each, notNumerically: SPECIAL_VALUES } : each,
    ),
  },
  sum: {
    differentiable: true,
    cases: [
      ...sums,
      { name: 'over nothing', inputs: [numbers(3, 0)], fn: (x) => x.sum(1) },
      { name: 'int32', inputs: [integers(-99, 100, 3, 5)], fn: (x) => x.sum(1) },
      { name: 'int32, long', inputs: [integers(-99, 100, 2, 5003)], fn: (x) => x.sum(1) },
      { name: 'bool', inputs: [booleans(3, 500)], fn: (x) => x.sum(1) },
    ],
  },
  sumToSize: {
    differentiable: true,
    cases: [
      { name: 'the same size', inputs: [numbers(3, 5)], fn: (x) => x.sumToSize([3, 5]) },
      { name: 'a row', inputs: [numbers(3, 5)], fn: (x) => x.sumToSize([5]), terms: 3 },
      { name: 'a column', inputs: [numbers(2, 3, 4)], fn: (x) => x.sumToSize([3, 1]), terms: 8 },
      { name: 'a scalar', inputs: [numbers(3, 5)], fn: (x) => x.sumToSize([]), terms: 15 },
      { name: 'of nothing', inputs: [numbers(0, 3)], fn: (x) => x.sumToSize([1, 3]) },
    ],
  },
  var: {
    differentiable: true,
    cases: [
      ...moments((x, dim, keepdim = false) => x.var(dim, { keepdim })).map((each) =>
        /scalar|size 1/.test(each.name) ? { ...each, notNumerically: SPECIAL_VALUES } : each,
      ),
      { name: 'uncorrected', inputs: [numbers(3, 5)], fn: (x) => x.var(1, { correction: 0 }), terms: 20 },
    ],
  },
};
