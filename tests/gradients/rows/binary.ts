import * as ops from '../../../src/ops/index.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import type { Case, Row, Rows } from '../cases.ts';
import {
  betweenKinks,
  booleans,
  given,
  indices,
  type Input,
  integers,
  numbers,
  positives,
  SPECIAL,
} from '../inputs.ts';
import { AT_KINKS, binaryCases, integerCases, SPECIAL_VALUES } from './families.ts';

type Pairwise = (a: Tensor, b: Tensor) => Tensor;

/** Multiples of ½ plus ⅛, so that a and b never tie: a - b is an odd multiple of ⅛. */
const grid =
  (offset: number) =>
  (...shape: number[]): Input => ({
    shape,
    kind: 'float',
    value: (_, random) => Math.floor(random() * 8) * 0.5 - 2 + offset,
  });
const apart = [grid(0), grid(0.125)] as const;

const withNumber = (
  fn: (a: Tensor, b: number) => Tensor,
  value: number,
  make: (...shape: number[]) => Input,
): Case => ({
  name: `with the number ${value}`,
  inputs: [make(3, 5)],
  fn: (a) => fn(a, value),
});

const withItself = (fn: Pairwise, input: Input): Case => ({
  name: 'with itself',
  inputs: [input],
  fn: (a) => fn(a, a),
});

function comparison(fn: (a: Tensor, b: Tensor | number) => Tensor): Row {
  const ties = (...shape: number[]): Input => given([0, 1, 2, 1, 0], shape);
  return {
    differentiable: false,
    cases: [
      ...binaryCases(fn, [ties, ties]),
      ...integerCases(fn),
      withNumber(fn, 1, ties),
      {
        name: 'int32 beyond 2^24',
        inputs: [indices([2 ** 24, 2 ** 24 + 1, -(2 ** 31)]), indices([2 ** 24 + 1])],
        fn,
      },
      { name: 'bool', inputs: [booleans(3, 5), booleans(5)], fn },
    ],
  };
}

function extreme(fn: (a: Tensor, b: Tensor | number) => Tensor): Row {
  return {
    differentiable: true,
    cases: [
      ...binaryCases(fn, apart),
      ...integerCases(fn),
      withNumber(fn, 0, (...shape) => betweenKinks(1, ...shape)),
      { name: 'ties', inputs: [given([0, 1, 2]), given([0, 2, 2])], fn, notNumerically: AT_KINKS },
    ],
  };
}

const POWER = {
  factor: 16,
  why: 'WGSL takes pow(a, b) as exp2(b · log2 a), whose errors b · log2 a multiplies',
};
const negativeBases: readonly Case[] = [2, 3, -1, 0.5, 0, 1].map((exponent) => ({
  name: `negative bases to the ${exponent}`,
  inputs: [given([-2, -1.5, -0.5, 0.5, 2])],
  fn: (a) => a.pow(exponent),
  ...(exponent === 0.5 ? { notNumerically: SPECIAL_VALUES } : {}),
}));

export const binary: Rows<
  | 'add'
  | 'atan2'
  | 'div'
  | 'eq'
  | 'ge'
  | 'gt'
  | 'le'
  | 'lt'
  | 'maximum'
  | 'minimum'
  | 'mul'
  | 'ne'
  | 'pow'
  | 'reluGradient'
  | 'rsub'
  | 'sub'
  | 'where'
> = {
  add: {
    differentiable: true,
    cases: [
      ...binaryCases(ops.add, [numbers, numbers]),
      ...integerCases(ops.add),
      withNumber(ops.add, 2.5, numbers),
      withItself(ops.add, numbers(3, 5)),
      {
        name: 'int32 that wraps',
        inputs: [indices([2 ** 31 - 1, -(2 ** 31)]), indices([1, -1])],
        fn: ops.add,
      },
    ],
  },
  atan2: {
    differentiable: true,
    looser: { factor: 2, why: 'the angle is a polynomial, added to π/4, and taken from π/2 and π' },
    cases: [
      ...binaryCases(ops.atan2, [numbers, positives]),
      ...binaryCases(ops.atan2, [positives, numbers]).map((each) => ({
        ...each,
        name: `${each.name}, above`,
      })),
      { name: 'int32', inputs: [integers(-9, 10, 4, 5), integers(1, 10, 5)], fn: ops.atan2 },
      withNumber(ops.atan2, -3, positives),
      {
        name: 'small ones',
        inputs: [given([1e-6, -1e-6, 1e-3]), given([1, -1, 1e-3])],
        fn: ops.atan2,
        notNumerically: 'curvature beyond the step',
      },
    ],
  },
  div: {
    differentiable: true,
    cases: [
      ...binaryCases(ops.div, [numbers, positives]),
      { name: 'int32', inputs: [integers(-9, 10, 4, 5), integers(1, 10, 5)], fn: ops.div },
      withNumber(ops.div, -3, numbers),
      // The gradients of a / a cancel; what is left over is rounding, beside 1.
      withItself((a, b) => ops.div(a, b).add(a), positives(3, 5)),
    ],
  },
  eq: comparison(ops.eq),
  ge: comparison(ops.ge),
  gt: comparison(ops.gt),
  le: comparison(ops.le),
  lt: comparison(ops.lt),
  maximum: extreme(ops.maximum),
  minimum: extreme(ops.minimum),
  mul: {
    differentiable: true,
    cases: [
      ...binaryCases(ops.mul, [numbers, numbers]),
      ...integerCases(ops.mul),
      withNumber(ops.mul, -0.5, numbers),
      withItself(ops.mul, numbers(3, 5)),
    ],
  },
  ne: comparison(ops.ne),
  pow: {
    differentiable: true,
    looser: POWER,
    cases: [
      ...binaryCases(ops.pow, [positives, numbers]),
      ...negativeBases,
      { name: 'int32', inputs: [integers(-9, 10, 4, 5), integers(0, 9, 5)], fn: ops.pow },
      {
        name: 'zero to the 0, 1, 2',
        inputs: [given([0]), given([0, 1, 2])],
        fn: ops.pow,
        notNumerically: AT_KINKS,
      },
      withItself(ops.pow, positives(3, 5)),
    ],
  },
  reluGradient: {
    differentiable: true,
    cases: [
      ...binaryCases(ops.reluGradient, [numbers, (...shape) => betweenKinks(1, ...shape)]),
      {
        name: 'at the kink',
        inputs: [given([3]), given([0, -0, 1, -1])],
        fn: ops.reluGradient,
        notNumerically: AT_KINKS,
      },
    ],
  },
  rsub: {
    differentiable: true,
    cases: [
      ...binaryCases(ops.rsub, [numbers, numbers]),
      ...integerCases(ops.rsub),
      withNumber(ops.rsub, 1, numbers),
      { name: 'int32 with 0.5', inputs: [integers(-9, 10, 3, 5)], fn: (a) => a.rsub(0.5) },
    ],
  },
  sub: {
    differentiable: true,
    cases: [
      ...binaryCases(ops.sub, [numbers, numbers]),
      ...integerCases(ops.sub),
      withNumber(ops.sub, 2.5, numbers),
      withItself(ops.sub, numbers(3, 5)),
    ],
  },
  where: {
    differentiable: true,
    cases: [
      { name: 'odd sizes', inputs: [booleans(3, 5), numbers(3, 5), numbers(3, 5)], fn: ops.where },
      {
        name: 'all three stretched',
        inputs: [booleans(3, 1, 1), numbers(2, 1), numbers(4)],
        fn: ops.where,
        terms: 12,
      },
      { name: 'with a number', inputs: [booleans(5), numbers(3, 5)], fn: (c, a) => ops.where(c, a, -1.5) },
      { name: 'no element', inputs: [booleans(0, 3), numbers(0, 3), numbers(3)], fn: ops.where },
      {
        name: 'wider than a workgroup',
        inputs: [booleans(259), numbers(3, 259), numbers(3, 1)],
        fn: ops.where,
        terms: 259,
      },
      {
        name: 'rank 3, axes reversed',
        inputs: [booleans(2, 3, 4), numbers(4, 3, 2), numbers(4, 1, 2)],
        fn: (c, a, b) => ops.where(c.permute([2, 1, 0]), a, b),
        terms: 3,
      },
      {
        name: 'rank 5, in different orders',
        inputs: [booleans(2, 3, 2, 2, 2), numbers(2, 2, 2, 3, 2), numbers(2, 3, 2, 2, 2)],
        fn: (c, a, b) => ops.where(c, a.permute([4, 3, 2, 1, 0]), b.flip([0, 2])),
      },
      { name: 'int32', inputs: [booleans(3, 5), integers(-9, 10, 3, 5), integers(-9, 10, 5)], fn: ops.where },
      {
        name: 'special values',
        inputs: [booleans(7, 1), given(SPECIAL), given([...SPECIAL].reverse())],
        fn: ops.where,
        notNumerically: SPECIAL_VALUES,
      },
    ],
  },
};
