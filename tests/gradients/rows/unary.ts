import * as ops from '../../../src/ops/index.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import type { Row, Rows } from '../cases.ts';
import {
  between,
  betweenKinks,
  given,
  type Input,
  integers,
  numbers,
  positives,
  SPECIAL,
} from '../inputs.ts';
import { AT_KINKS, SPECIAL_VALUES, unaryCases } from './families.ts';

const kinksAtWholes = (...shape: number[]): Input => betweenKinks(1, ...shape);
const LARGE = [-300, -90, -30, -9.5, -1e-4, 1e-4, 9.5, 30, 90, 300];

function smooth(fn: (x: Tensor) => Tensor, make: (...shape: number[]) => Input, looser?: Row['looser']): Row {
  const large = {
    name: 'large and small',
    inputs: [given(LARGE)],
    fn,
    notNumerically: 'curvature beyond the step',
  };
  return { differentiable: true, cases: [...unaryCases(fn, make), large], ...(looser ? { looser } : {}) };
}

function withIntegers(row: Row, fn: (x: Tensor) => Tensor): Row {
  return { ...row, cases: [...row.cases, { name: 'int32', inputs: [integers(-9, 10, 3, 5)], fn }] };
}

const EXPONENTIAL = { factor: 4, why: 'WGSL bounds exp by 3 + 2 |x| units in the last place' };

export const unary: Rows<
  | 'abs'
  | 'clamp'
  | 'cos'
  | 'erf'
  | 'exp'
  | 'expm1'
  | 'floor'
  | 'gelu'
  | 'leakyRelu'
  | 'log'
  | 'log1p'
  | 'neg'
  | 'reciprocal'
  | 'relu'
  | 'rsqrt'
  | 'sigmoid'
  | 'sign'
  | 'silu'
  | 'sin'
  | 'softplus'
  | 'sqrt'
  | 'square'
  | 'tanh'
> = {
  abs: withIntegers(smooth(ops.abs, kinksAtWholes), ops.abs),
  clamp: {
    differentiable: true,
    cases: [
      ...unaryCases((x) => x.clamp({ min: -1, max: 1 }), kinksAtWholes),
      { name: 'min alone', inputs: [kinksAtWholes(3, 5)], fn: (x) => x.clamp({ min: 0 }) },
      { name: 'max alone', inputs: [kinksAtWholes(3, 5)], fn: (x) => x.clamp({ max: 0 }) },
      {
        name: 'ends crossed',
        inputs: [kinksAtWholes(3, 5)],
        fn: (x) => x.clamp({ min: 1, max: -1 }),
        notNumerically: AT_KINKS,
      },
      {
        name: 'on the ends',
        inputs: [given([-1, 0, 1])],
        fn: (x) => x.clamp({ min: -1, max: 1 }),
        notNumerically: AT_KINKS,
      },
      {
        name: 'max alone, special values',
        inputs: [given(SPECIAL)],
        fn: (x) => x.clamp({ max: 1 }),
        notNumerically: SPECIAL_VALUES,
      },
      { name: 'int32', inputs: [integers(-9, 10, 3, 5)], fn: (x) => x.clamp({ min: -3, max: 4 }) },
    ],
  },
  cos: smooth(ops.cos, numbers),
  erf: smooth(ops.erf, numbers),
  exp: smooth(ops.exp, numbers, EXPONENTIAL),
  expm1: smooth(ops.expm1, numbers, EXPONENTIAL),
  floor: smooth(ops.floor, kinksAtWholes),
  gelu: {
    differentiable: true,
    cases: [
      ...smooth(ops.gelu, numbers).cases,
      { name: 'by tanh', inputs: [numbers(3, 5)], fn: (x) => x.gelu({ approximate: 'tanh' }) },
      {
        name: 'by tanh, large and small',
        inputs: [given(LARGE)],
        fn: (x) => x.gelu({ approximate: 'tanh' }),
        notNumerically: 'curvature beyond the step',
      },
      {
        name: 'by tanh, special values',
        inputs: [given(SPECIAL)],
        fn: (x) => x.gelu({ approximate: 'tanh' }),
        notNumerically: SPECIAL_VALUES,
      },
    ],
  },
  leakyRelu: {
    differentiable: true,
    cases: [
      ...smooth((x) => x.leakyRelu(), kinksAtWholes).cases,
      { name: 'slope 0.3', inputs: [kinksAtWholes(3, 5)], fn: (x) => x.leakyRelu(0.3) },
      {
        name: 'at the kink',
        inputs: [given([0, -0, 1e-30, -1e-30])],
        fn: (x) => x.leakyRelu(),
        notNumerically: AT_KINKS,
      },
    ],
  },
  log: smooth(ops.log, positives),
  log1p: smooth(ops.log1p, (...shape) => between(-0.7, 1, shape)),
  neg: withIntegers(smooth(ops.neg, numbers), ops.neg),
  reciprocal: smooth(ops.reciprocal, positives),
  relu: withIntegers(
    {
      differentiable: true,
      cases: [
        ...smooth(ops.relu, kinksAtWholes).cases,
        {
          name: 'at the kink',
          inputs: [given([0, -0, 1e-30, -1e-30])],
          fn: ops.relu,
          notNumerically: AT_KINKS,
        },
      ],
    },
    ops.relu,
  ),
  rsqrt: smooth(ops.rsqrt, positives),
  sigmoid: smooth(ops.sigmoid, numbers),
  sign: withIntegers(smooth(ops.sign, kinksAtWholes), ops.sign),
  silu: smooth(ops.silu, numbers),
  sin: smooth(ops.sin, numbers),
  softplus: {
    differentiable: true,
    cases: [
      ...smooth((x) => x.softplus(), numbers).cases,
      {
        name: 'beta 3, threshold 4',
        inputs: [between(1.5, 3, [3, 5])],
        fn: (x) => x.softplus({ beta: 3, threshold: 4 }),
      },
      { name: 'from -12 to 12', inputs: [between(-12, 12, [40])], fn: (x) => x.softplus() },
    ],
  },
  sqrt: smooth(ops.sqrt, positives),
  square: withIntegers(smooth(ops.square, numbers), ops.square),
  tanh: smooth(ops.tanh, numbers),
};
