import * as ops from '../../../src/ops/index.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import type { Row, Rows } from '../cases.ts';
import {
  between,
  betweenKinks,
  booleans,
  distinct,
  given,
  type Input,
  indices,
  integers,
  numbers,
  positives,
  SPECIAL,
} from '../inputs.ts';
import { AT_KINKS, binaryCases, SPECIAL_VALUES, unaryCases } from './families.ts';

const kinksAtHalves = (...shape: number[]): Input => betweenKinks(0.5, ...shape);
/** Whole numbers as floats, among them 0. */
const wholes = (...shape: number[]): Input => given([0, 1, -2, 0, 3], shape);

const flat = (fn: (x: Tensor) => Tensor, make: (...shape: number[]) => Input): Row => ({
  differentiable: true,
  cases: unaryCases(fn, make),
});
const truth = (fn: (x: Tensor) => Tensor): Row => ({ differentiable: false, cases: unaryCases(fn, wholes) });
const truths = (fn: (a: Tensor, b: Tensor | number) => Tensor): Row => ({
  differentiable: false,
  cases: [
    ...binaryCases(fn, [wholes, wholes]),
    { name: 'bool', inputs: [booleans(3, 5), booleans(5)], fn },
    { name: 'with a number', inputs: [wholes(3, 5)], fn: (a) => fn(a, 2) },
  ],
});
const quantified = (fn: (x: Tensor, dim?: number, keepdim?: boolean) => Tensor): Row => ({
  differentiable: false,
  cases: [
    { name: 'all dims', inputs: [wholes(2, 3)], fn: (x) => fn(x) },
    { name: 'columns, kept', inputs: [wholes(3, 4)], fn: (x) => fn(x, 0, true) },
    { name: 'bool', inputs: [booleans(3, 4)], fn: (x) => fn(x.t(), 1) },
    { name: 'no element', inputs: [wholes(2, 0)], fn: (x) => fn(x, 1) },
    { name: 'special values', inputs: [given(SPECIAL)], fn: (x) => fn(x) },
  ],
});
/** Several results, each with a weight of its own. */
export const joined = (parts: readonly Tensor[]): Tensor =>
  ops.cat(parts.map((part, index) => part.flatten().mul(index + 1)));

const extreme = (fn: typeof ops.max): Row => ({
  differentiable: true,
  cases: [
    { name: 'all', inputs: [distinct(3, 4)], fn: (x) => fn(x) },
    { name: 'rows', inputs: [distinct(3, 4)], fn: (x) => joined(fn(x, 1)) },
    { name: 'columns of a view, kept', inputs: [distinct(3, 4)], fn: (x) => joined(fn(x.t(), 0, true)) },
    {
      name: 'ties',
      inputs: [given([1, 3, 3, 1, 2, 1], [2, 3])],
      fn: (x) => joined(fn(x, 1)),
      notNumerically: AT_KINKS,
    },
    { name: 'two tensors', inputs: [given([1, 2, 3]), given([3, 1, 2])], fn: (x, y) => fn(x, y) },
    {
      name: 'special values',
      inputs: [given(SPECIAL)],
      fn: (x) => joined(fn(x, 0)),
      notNumerically: SPECIAL_VALUES,
    },
  ],
});

/** Operations that consist of others. */
export const compositions: Rows<
  | 'all'
  | 'any'
  | 'at'
  | 'bernoulli'
  | 'bmm'
  | 'ceil'
  | 'chunk'
  | 'diagonal'
  | 'einsum'
  | 'floorDivide'
  | 'interpolate'
  | 'isfinite'
  | 'isinf'
  | 'isnan'
  | 'log2'
  | 'logicalAnd'
  | 'logicalNot'
  | 'logicalOr'
  | 'logicalXor'
  | 'maskedFill'
  | 'max'
  | 'meshgrid'
  | 'min'
  | 'norm'
  | 'oneHot'
  | 'remainder'
  | 'repeat'
  | 'repeatInterleave'
  | 'roll'
  | 'round'
  | 'split'
  | 'tile'
  | 'tril'
  | 'triu'
  | 'trunc'
  | 'unbind'
  | 'unfold'
> = {
  all: quantified(ops.all),
  any: quantified(ops.any),
  at: {
    differentiable: true,
    cases: [
      { name: 'integers', inputs: [numbers(3, 4, 2)], fn: (x) => x.at(-1, null, 1) },
      { name: 'ranges of a view', inputs: [numbers(3, 4)], fn: (x) => x.t().at([1, null, 2], 0) },
      {
        name: 'a vector',
        inputs: [numbers(2, 3, 4), indices([2, 0, 2])],
        fn: (x, i) => x.at(1, i, [0, 3]),
        terms: 2,
      },
      {
        name: 'two tensors',
        inputs: [numbers(3, 2, 4), indices([2, 0, 2]), indices([3], [1])],
        fn: (x, i, j) => x.at(i, null, j),
        terms: 2,
      },
      { name: 'nothing', inputs: [numbers(2)], fn: (x) => x.at() },
    ],
  },
  bernoulli: {
    differentiable: false,
    cases: [
      {
        name: 'probabilities',
        inputs: [between(0, 1, [3, 259])],
        fn: (x) => x.bernoulli({ seed: 3, stream: 1 }),
      },
      { name: 'sure', inputs: [given([0, 1])], fn: (x) => x.bernoulli({ seed: 1 }) },
    ],
  },
  bmm: {
    differentiable: true,
    cases: [
      { name: 'batch', inputs: [numbers(2, 3, 4), numbers(2, 4, 5)], fn: ops.bmm, terms: 5 },
      {
        name: 'transposed',
        inputs: [numbers(2, 4, 3), numbers(2, 4, 5)],
        fn: (a, b) => ops.bmm(a.transpose(1, 2), b),
        terms: 5,
      },
    ],
  },
  ceil: flat(ops.ceil, kinksAtHalves),
  chunk: {
    differentiable: true,
    cases: [
      { name: 'rows', inputs: [numbers(5, 3)], fn: (x) => joined(x.chunk(2)) },
      { name: 'columns of a view', inputs: [numbers(5, 3)], fn: (x) => joined(x.t().chunk(3, 1)) },
      { name: 'fewer than asked for', inputs: [numbers(4)], fn: (x) => joined(x.chunk(3)) },
    ],
  },
  diagonal: {
    differentiable: true,
    cases: [
      { name: 'matrix', inputs: [numbers(3, 4)], fn: (x) => x.diagonal() },
      { name: 'above, transposed', inputs: [numbers(4, 3)], fn: (x) => x.t().diagonal(1) },
      { name: 'below', inputs: [numbers(3, 4)], fn: (x) => x.diagonal({ offset: -2 }) },
      { name: 'outside', inputs: [numbers(3, 4)], fn: (x) => x.diagonal(5) },
      { name: 'batch', inputs: [numbers(2, 3, 4)], fn: (x) => x.diagonal(0, -1, 0) },
    ],
  },
  einsum: {
    differentiable: true,
    cases: [
      {
        name: 'product',
        inputs: [numbers(2, 3), numbers(3, 4)],
        fn: (a, b) => ops.einsum('ij,jk->ki', a, b),
        terms: 4,
      },
      {
        name: 'heads',
        inputs: [numbers(2, 2, 3, 4), numbers(2, 5, 2, 4)],
        fn: (a, b) => ops.einsum('bhqd,bkhd->bhqk', a, b),
        terms: 5,
      },
      { name: 'trace', inputs: [numbers(3, 3)], fn: (a) => ops.einsum('ii', a), terms: 3 },
      {
        name: 'three',
        inputs: [numbers(2, 3), numbers(4, 3, 2), numbers(2, 2)],
        fn: (a, b, c) => ops.einsum('bn,anm,bm->ba', a, b, c),
        terms: 12,
      },
      {
        name: 'dots that broadcast',
        inputs: [numbers(2, 1, 3, 4), numbers(3, 4, 2)],
        fn: (a, b) => ops.einsum('...ij,...jk->...ik', a, b),
        terms: 6,
      },
      {
        name: 'dots of one operand, summed',
        inputs: [numbers(2, 3, 4), numbers(4)],
        fn: (a, b) => ops.einsum('...i,i->i', a, b),
        terms: 6,
      },
      { name: 'outer, with itself', inputs: [numbers(3)], fn: (a) => ops.einsum('i,j', a, a), terms: 3 },
    ],
  },
  floorDivide: {
    differentiable: true,
    cases: [
      { name: 'odd sizes', inputs: [kinksAtHalves(3, 5)], fn: (a) => a.floorDivide(0.5) },
      { name: 'int32', inputs: [integers(-9, 10, 4, 5), integers(1, 5, 5)], fn: ops.floorDivide },
      {
        name: 'int32 beyond 2^24',
        inputs: [indices([2 ** 31 - 1, -(2 ** 31)]), indices([7])],
        fn: ops.floorDivide,
      },
    ],
  },
  interpolate: {
    differentiable: true,
    cases: [
      { name: 'nearest', inputs: [numbers(2, 2, 3, 4)], fn: (x) => x.interpolate([7, 2]), terms: 3 },
      {
        name: 'nearest, by a factor',
        inputs: [numbers(1, 2, 5)],
        fn: (x) => x.interpolate({ scaleFactor: 1.5 }),
        terms: 2,
      },
      {
        name: 'bilinear',
        inputs: [numbers(2, 2, 3, 4)],
        fn: (x) => x.interpolate([7, 2], { mode: 'bilinear' }),
        terms: 12,
      },
      {
        name: 'bilinear, corners aligned',
        inputs: [numbers(1, 2, 4, 3)],
        fn: (x) => x.transpose(2, 3).interpolate({ scaleFactor: 2, mode: 'bilinear', alignCorners: true }),
        terms: 12,
      },
    ],
  },
  isfinite: truth(ops.isfinite),
  isinf: truth(ops.isinf),
  isnan: truth(ops.isnan),
  log2: flat(ops.log2, positives),
  logicalAnd: truths(ops.logicalAnd),
  logicalNot: truth(ops.logicalNot),
  logicalOr: truths(ops.logicalOr),
  logicalXor: truths(ops.logicalXor),
  maskedFill: {
    differentiable: true,
    cases: [
      { name: 'matrix', inputs: [numbers(3, 4), booleans(3, 4)], fn: (x, mask) => x.maskedFill(mask, 7) },
      {
        name: 'row, transposed',
        inputs: [numbers(3, 4), booleans(3)],
        fn: (x, mask) => x.t().maskedFill(mask, -1),
      },
      {
        name: 'int32',
        inputs: [integers(-9, 10, 3, 4), booleans(3, 1)],
        fn: (x, mask) => x.maskedFill(mask, 2),
      },
    ],
  },
  max: extreme(ops.max),
  meshgrid: {
    differentiable: true,
    cases: [
      { name: 'ij', inputs: [numbers(2), numbers(3)], fn: (...all) => joined(ops.meshgrid(all)), terms: 3 },
      {
        name: 'xy',
        inputs: [numbers(2), numbers(3), numbers(2)],
        fn: (...all) => joined(ops.meshgrid(all, 'xy')),
        terms: 6,
      },
    ],
  },
  min: extreme(ops.min),
  norm: {
    differentiable: true,
    cases: [
      { name: 'all dims', inputs: [positives(3, 4)], fn: (x) => x.norm(), terms: 12 },
      { name: 'rows, kept', inputs: [positives(3, 4)], fn: (x) => x.norm(2, 1, true), terms: 4 },
      { name: 'columns of a view, p = 3', inputs: [positives(3, 4)], fn: (x) => x.t().norm(3, 0), terms: 4 },
      { name: 'p = 1', inputs: [positives(3, 4)], fn: (x) => x.norm(1, 0), terms: 3 },
      { name: 'p = 0', inputs: [positives(3, 4)], fn: (x) => x.norm(0, 0).mul(x.sum(0)), terms: 3 },
      { name: 'greatest', inputs: [distinct(3, 4)], fn: (x) => x.add(9).norm(Infinity, 0) },
      { name: 'least', inputs: [distinct(3, 5)], fn: (x) => x.add(9).norm(-Infinity, 0) },
      { name: 'of zeros', inputs: [given([0, 0])], fn: (x) => x.norm(), notNumerically: AT_KINKS },
    ],
  },
  oneHot: {
    differentiable: false,
    cases: [
      { name: 'classes', inputs: [integers(0, 4, 2, 3)], fn: (x) => x.oneHot(4) },
      { name: 'outside', inputs: [indices([-1, 3])], fn: (x) => x.oneHot(2) },
    ],
  },
  remainder: {
    differentiable: true,
    cases: [
      // Away from where a / b is whole.
      { name: 'with a number', inputs: [kinksAtHalves(3, 5)], fn: (a) => a.remainder(0.5) },
      { name: 'divisors', inputs: [given([7.3, -7.3, 0.4]), given([3.1, 3.1, -2.2])], fn: ops.remainder },
      {
        name: 'broadcast divisors',
        inputs: [given([7.3, -7.3]), given([3.1, -2.2, 0.7])],
        fn: (a, b) => a.unsqueeze(1).remainder(b),
        terms: 3,
      },
      { name: 'int32', inputs: [integers(-9, 10, 4, 5), integers(1, 5, 5)], fn: ops.remainder },
    ],
  },
  repeat: {
    differentiable: true,
    cases: [
      { name: 'vector', inputs: [numbers(3)], fn: (x) => x.repeat(2, 2), terms: 4 },
      { name: 'matrix, transposed', inputs: [numbers(2, 3)], fn: (x) => x.t().repeat([1, 3]), terms: 3 },
      { name: 'no copy', inputs: [numbers(2)], fn: (x) => x.repeat(0) },
    ],
  },
  repeatInterleave: {
    differentiable: true,
    cases: [
      { name: 'flat', inputs: [numbers(2, 3)], fn: (x) => x.repeatInterleave(2), terms: 2 },
      {
        name: 'columns of a view',
        inputs: [numbers(2, 3)],
        fn: (x) => x.t().repeatInterleave(3, 1),
        terms: 3,
      },
    ],
  },
  roll: {
    differentiable: true,
    cases: [
      { name: 'flat', inputs: [numbers(2, 3)], fn: (x) => x.roll(2) },
      { name: 'rows', inputs: [numbers(3, 2)], fn: (x) => x.roll(-4, 0) },
      { name: 'both, of a view', inputs: [numbers(3, 4)], fn: (x) => x.t().roll([1, 2], [0, 1]) },
      { name: 'by nothing', inputs: [numbers(3)], fn: (x) => x.roll(3, 0) },
    ],
  },
  round: flat(ops.round, (...shape) => betweenKinks(0.5, ...shape)),
  split: {
    differentiable: true,
    cases: [
      { name: 'of one size', inputs: [numbers(5, 3)], fn: (x) => joined(x.split(2)) },
      {
        name: 'of three sizes, a view',
        inputs: [numbers(5, 3)],
        fn: (x) => joined(x.t().split([1, 0, 4], -1)),
      },
      { name: 'of nothing', inputs: [numbers(0, 3)], fn: (x) => joined(x.split(2)) },
    ],
  },
  tile: {
    differentiable: true,
    cases: [
      { name: 'fewer numbers', inputs: [numbers(2, 3)], fn: (x) => x.tile(2), terms: 2 },
      { name: 'more numbers', inputs: [numbers(3)], fn: (x) => x.tile([2, 1, 2]), terms: 4 },
    ],
  },
  tril: {
    differentiable: true,
    cases: [
      { name: 'matrix', inputs: [numbers(3, 5)], fn: (x) => x.tril() },
      { name: 'batch, below', inputs: [numbers(2, 3, 4)], fn: (x) => x.transpose(1, 2).tril(-1) },
      {
        name: 'special values',
        inputs: [given(SPECIAL, [7, 7])],
        fn: (x) => x.tril(1),
        notNumerically: SPECIAL_VALUES,
      },
    ],
  },
  triu: {
    differentiable: true,
    cases: [
      { name: 'matrix', inputs: [numbers(3, 5)], fn: (x) => x.triu() },
      {
        name: 'batch, above',
        inputs: [numbers(2, 3, 4)],
        fn: (x) => x.transpose(1, 2).triu({ diagonal: 1 }),
      },
    ],
  },
  trunc: flat(ops.trunc, kinksAtHalves),
  unfold: {
    differentiable: true,
    cases: [
      { name: 'apart', inputs: [numbers(7)], fn: (x) => x.unfold(0, 2, 3) },
      { name: 'overlapping columns', inputs: [numbers(2, 6)], fn: (x) => x.unfold(1, 3, 1), terms: 3 },
      {
        name: 'overlapping rows of a view',
        inputs: [numbers(3, 5)],
        fn: (x) => x.t().unfold(0, 3, 2),
        terms: 2,
      },
      { name: 'twice', inputs: [numbers(4, 5)], fn: (x) => x.unfold(0, 2, 2).unfold(1, 3, 1), terms: 3 },
      { name: 'whole', inputs: [numbers(2, 3)], fn: (x) => x.unfold(-1, 3, 1) },
      { name: 'scalar', inputs: [numbers()], fn: (x) => x.unfold(0, 1, 1) },
      { name: 'of nothing', inputs: [numbers(2, 3)], fn: (x) => x.unfold(1, 0, 1) },
    ],
  },
  unbind: {
    differentiable: true,
    cases: [
      { name: 'rows', inputs: [numbers(3, 2)], fn: (x) => joined(x.unbind()) },
      { name: 'columns', inputs: [numbers(3, 2)], fn: (x) => joined(x.unbind(-1)) },
    ],
  },
};
