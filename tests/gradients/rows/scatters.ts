import * as ops from '../../../src/ops/index.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import type { Case, Rows } from '../cases.ts';
import {
  booleans,
  distinct,
  given,
  indices,
  type Input,
  integers,
  numbers,
  positives,
  SPECIAL,
} from '../inputs.ts';
import { AT_KINKS, SPECIAL_VALUES } from './families.ts';

type Scatter = (x: Tensor, dim: number, index: Tensor, src: Tensor) => Tensor;

/** Layouts of x, an index and a source. No two elements of `distinct` inputs are equal, after an offset between them. */
function scatterCases(fn: Scatter, make: (...shape: number[]) => Input): Case[] {
  return [
    {
      name: 'rows',
      inputs: [make(3, 5), make(4, 5), integers(0, 3, 4, 5)],
      fn: (x, src, i) => fn(x, 0, i, src),
      terms: 5,
    },
    {
      name: 'columns',
      inputs: [make(3, 5), make(3, 7), integers(0, 5, 3, 7)],
      fn: (x, src, i) => fn(x, -1, i, src),
      terms: 8,
    },
    {
      name: 'of views',
      inputs: [make(4, 3), make(5, 4), integers(0, 3, 5, 4)],
      fn: (x, src, i) => fn(x.t(), 0, i.flip(1), src.flip(0)),
      terms: 6,
    },
    {
      name: 'rows selected whole',
      inputs: [make(3, 4), make(5, 4), integers(0, 3, 5)],
      fn: (x, src, i) => fn(x, 0, i.unsqueeze(1).expand([5, 4]), src),
      terms: 6,
    },
    {
      name: 'nothing to place',
      inputs: [make(3, 5), make(0, 5), integers(0, 3, 0, 5)],
      fn: (x, src, i) => fn(x, 0, i, src),
    },
    {
      name: 'no place',
      inputs: [make(0), make(0), integers(0, 1, 0)],
      fn: (x, src, i) => fn(x, 0, i, src),
    },
    { name: 'scalar', inputs: [make(), make(), indices([0], [])], fn: (x, src, i) => fn(x, 0, i, src) },
    {
      name: 'many places',
      inputs: [make(300), make(700), integers(0, 300, 700)],
      fn: (x, src, i) => fn(x, 0, i, src),
      terms: 8,
    },
  ];
}

/** Between those of `distinct`. */
const apart = (x: Tensor): Tensor => x.add(0.0225);
const special: Case = {
  name: 'special values',
  inputs: [given(SPECIAL), given([...SPECIAL].reverse()), integers(0, 7, 7)],
  fn: (x, src, i) => x.scatter(0, i, src),
  notNumerically: SPECIAL_VALUES,
};

const reduced = (reduce: ops.ScatterReduction, make: (...shape: number[]) => Input): Case[] =>
  [true, false].flatMap((includeSelf) =>
    scatterCases((x, dim, i, src) => x.scatterReduce(dim, i, apart(src), reduce, { includeSelf }), make).map(
      (each) => ({ ...each, name: `${reduce}, ${each.name}${includeSelf ? '' : ', without x'}` }),
    ),
  );

export const scatters: Rows<'indexPut' | 'scatter' | 'scatterReduce'> = {
  indexPut: {
    differentiable: true,
    cases: [
      {
        name: 'elements',
        inputs: [numbers(3, 4), numbers(5), indices([0, 2, 1, 0, 2]), indices([1, 3, 0, 1, 2])],
        fn: (x, values, i, j) => x.indexPut([i, j], values),
      },
      {
        name: 'rows of a view, added',
        inputs: [numbers(4, 3), numbers(2, 4), indices([2, 2])],
        fn: (x, values, i) => x.t().indexPut([i], values, true),
        terms: 3,
      },
      {
        name: 'stretched values at stretched places',
        inputs: [numbers(3, 4, 2), numbers(2), indices([0, 2], [2, 1]), indices([1, 3])],
        fn: (x, values, i, j) => x.indexPut([i, j], values, { accumulate: true }),
        terms: 5,
      },
      { name: 'a number', inputs: [numbers(3, 4), indices([0, 2])], fn: (x, i) => x.indexPut([i], 7) },
      { name: 'at no place', inputs: [numbers(3, 4), integers(0, 1, 0)], fn: (x, i) => x.indexPut([i], 7) },
      { name: 'int32', inputs: [integers(0, 9, 3, 4), indices([0, 2])], fn: (x, i) => x.indexPut([i, i], 7) },
    ],
  },
  scatter: {
    differentiable: true,
    cases: [
      ...scatterCases(ops.scatter, numbers),
      special,
      {
        name: 'a number',
        inputs: [numbers(3, 5), integers(0, 3, 2, 5)],
        fn: (x, i) => x.scatter(0, i, 7),
      },
      {
        name: 'int32',
        inputs: [integers(-9, 10, 3, 5), integers(-9, 10, 4, 5), integers(0, 3, 4, 5)],
        fn: (x, src, i) => x.scatter(0, i, src),
      },
      {
        name: 'bool',
        inputs: [booleans(3, 5), booleans(4, 5), integers(0, 3, 4, 5)],
        fn: (x, src, i) => x.scatter(0, i, src),
      },
    ],
  },
  scatterReduce: {
    differentiable: true,
    cases: [
      ...reduced('sum', numbers),
      ...reduced('mean', numbers),
      ...reduced('prod', positives),
      ...reduced('amax', distinct),
      ...reduced('amin', distinct),
      {
        name: 'prod of zeros',
        inputs: [given([2, 0, 3, 4]), given([0, 1.5, 0, 2, 3, 0, 0]), indices([0, 0, 1, 2, 2, 3, 3])],
        fn: (x, src, i) => x.scatterReduce(0, i, src, 'prod'),
        notNumerically: 'second derivatives where elements are 0',
      },
      ...(['amax', 'amin'] as const).flatMap((reduce): Case[] => [
        {
          name: `${reduce} of ties`,
          inputs: [given([2, 0, 3]), given([2, 2, 1, 0, 0]), indices([0, 0, 1, 1, 1])],
          fn: (x, src, i) => x.scatterReduce(0, i, src, reduce),
          notNumerically: AT_KINKS,
        },
        {
          name: `${reduce} of special values`,
          inputs: [given(SPECIAL), given([...SPECIAL].reverse()), integers(0, 7, 7)],
          fn: (x, src, i) => x.scatterReduce(0, i, src, reduce),
          notNumerically: SPECIAL_VALUES,
        },
        {
          name: `${reduce} of int32`,
          inputs: [integers(-9, 10, 3, 5), integers(-9, 10, 4, 5), integers(0, 3, 4, 5)],
          fn: (x, src, i) => x.scatterReduce(0, i, src, reduce, false),
        },
      ]),
    ],
  },
};
