import * as ops from '../../../src/ops/index.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import { fusedAttention, headsOf } from '../../../src/ops/support/attention.ts';
import type { Scores } from '../../../src/ops/support/attentionScores.ts';
import type { Row, Rows } from '../cases.ts';
import {
  between,
  betweenKinks,
  booleans,
  given,
  indices,
  type Input,
  numbers,
  positives,
  SPECIAL,
} from '../inputs.ts';
import { AT_KINKS, SPECIAL_VALUES, unaryCases } from './families.ts';

const chances = (...shape: number[]) => between(0.1, 0.9, shape);
const causal = (query: Tensor, key: Tensor, value: Tensor): Tensor =>
  ops.scaledDotProductAttention(query, key, value, { isCausal: true });

/** Attention by its kernel, where the device would rather store the scores. */
const fused = (q: Tensor, k: Tensor, v: Tensor, scores: Partial<Scores> = {}): Tensor => {
  const all = { mask: undefined, isCausal: false, scale: 0.6, ...scores };
  // The operation refuses operands of two devices.
  const { mask: attnMask, ...rest } = all;
  const alike = [k, v, attnMask ?? q].every(({ device }) => device === q.device);
  if (!alike) return ops.scaledDotProductAttention(q, k, v, { attnMask, ...rest });
  return fusedAttention(q, k, v, headsOf(q, k, v, all)!);
};

/** Heads of queries, keys and values, of sizes around a workgroup's and a tile's. */
const heads = (queries: number, keys: number, width: number, valueWidth: number): Input[] => [
  numbers(2, queries, 2, width),
  numbers(2, 2, keys, width),
  numbers(2, keys, valueWidth),
];

/** A loss of two tensors that differ by more than a kink's width. */
const distance = (fn: (x: Tensor, y: Tensor, options?: object) => Tensor): Row => ({
  differentiable: true,
  cases: [
    {
      name: 'mean',
      inputs: [betweenKinks(0.5, 3, 5), given([0], [3, 5])],
      fn: (x, y) => fn(x, y),
      terms: 15,
    },
    {
      name: 'strided, none',
      inputs: [betweenKinks(0.5, 5, 3), given([0], [3, 5])],
      fn: (x, y) => fn(x.t(), y, { reduction: 'none' }),
    },
    {
      name: 'special values',
      inputs: [given(SPECIAL), given([0, 0, 0, 0, 1, 1.5, 1.5])],
      fn: (x, y) => fn(x, y, { reduction: 'none' }),
      notNumerically: SPECIAL_VALUES,
    },
  ],
});

/** Functions of networks that consist of other operations. */
export const networks: Rows<
  | 'bceLoss'
  | 'conv1d'
  | 'convTranspose2d'
  | 'dropout2d'
  | 'elu'
  | 'embedding'
  | 'groupNorm'
  | 'hardswish'
  | 'huberLoss'
  | 'instanceNorm'
  | 'klDivLoss'
  | 'l1Loss'
  | 'maxPool1d'
  | 'prelu'
  | 'rmsNorm'
  | 'scaledDotProductAttention'
  | 'smoothL1Loss'
> = {
  bceLoss: {
    differentiable: true,
    cases: [
      { name: 'mean', inputs: [chances(3, 5), chances(3, 5)], fn: (x, y) => ops.bceLoss(x, y), terms: 15 },
      {
        name: 'strided, weighted',
        inputs: [chances(5, 3), chances(3, 5), positives(5)],
        fn: (x, y, weight) => ops.bceLoss(x.t(), y, { weight, reduction: 'none' }),
      },
      {
        name: 'sure',
        inputs: [given([0, 1, 0, 1]), given([0, 1, 1, 0])],
        fn: (x, y) => ops.bceLoss(x, y, { reduction: 'none' }),
        notNumerically: AT_KINKS,
      },
    ],
  },
  conv1d: {
    differentiable: true,
    cases: [
      {
        name: 'stride and bias',
        inputs: [numbers(2, 4, 9), numbers(6, 2, 3), numbers(6)],
        fn: (x, w, b) => ops.conv1d(x, w, b, { stride: 2, padding: 1, groups: 2 }),
        terms: 12,
      },
      {
        name: 'one strided sequence',
        inputs: [numbers(8, 3), numbers(2, 3, 3)],
        fn: (x, w) => ops.conv1d(x.t(), w, { padding: 'same' }),
        terms: 9,
      },
    ],
  },
  convTranspose2d: {
    differentiable: true,
    cases: [
      {
        name: 'stride and bias',
        inputs: [numbers(2, 3, 3, 2), numbers(3, 4, 3, 2), numbers(4)],
        fn: (x, w, b) => ops.convTranspose2d(x, w, b, { stride: 2, padding: 1, outputPadding: 1 }),
        terms: 18,
      },
      {
        name: 'groups of one image',
        inputs: [numbers(2, 4, 3), numbers(4, 2, 2, 3)],
        fn: (x, w) => ops.convTranspose2d(x.transpose(0, 1), w, { groups: 2, dilation: 2 }),
        terms: 12,
      },
    ],
  },
  dropout2d: {
    differentiable: true,
    cases: [
      {
        name: 'seeded',
        inputs: [numbers(3, 5, 2, 2)],
        fn: (x) => ops.dropout2d(x, { p: 0.4, seed: 3, stream: 1 }),
      },
      {
        name: 'strided',
        inputs: [numbers(2, 5, 3)],
        fn: (x) => ops.dropout2d(x.transpose(0, 2), { p: 0.4, seed: 3, stream: 1 }),
      },
      { name: 'evaluation', inputs: [numbers(2, 3, 2)], fn: (x) => ops.dropout2d(x, 0.5, false) },
    ],
  },
  elu: {
    differentiable: true,
    cases: unaryCases(
      (x) => ops.elu(x, 1.5),
      (...shape) => betweenKinks(2, ...shape),
    ),
  },
  embedding: {
    differentiable: true,
    cases: [
      {
        name: 'matrix',
        inputs: [indices([0, 4, 4, 2, 1, 4], [2, 3]), numbers(5, 3)],
        fn: (i, w) => ops.embedding(i, w),
        terms: 3,
      },
      {
        name: 'strided',
        inputs: [indices([0, 2, 1, 2], [2, 2]), numbers(3, 4)],
        fn: (i, w) => ops.embedding(i.t(), w.t()),
        terms: 2,
      },
      {
        name: 'padding',
        inputs: [indices([0, 2, 1, 2]), numbers(3, 4)],
        fn: (i, w) => ops.embedding(i, w, -1),
        notNumerically: 'a row without a gradient',
      },
    ],
  },
  groupNorm: {
    differentiable: true,
    cases: [
      {
        name: 'affine',
        inputs: [numbers(2, 4, 3), positives(4), numbers(4)],
        fn: (x, weight, bias) => ops.groupNorm(x, 2, { weight, bias }),
        terms: 6,
      },
      {
        name: 'strided',
        inputs: [numbers(3, 6, 2)],
        fn: (x) => ops.groupNorm(x.transpose(0, 2), 3),
        terms: 6,
      },
    ],
  },
  hardswish: {
    differentiable: true,
    cases: unaryCases(ops.hardswish, numbers),
  },
  huberLoss: distance((x, y, options) => ops.huberLoss(x, y, { delta: 0.5, ...options })),
  instanceNorm: {
    differentiable: true,
    cases: [
      {
        name: 'affine',
        inputs: [numbers(2, 3, 5), positives(3), numbers(3)],
        fn: (x, weight, bias) => ops.instanceNorm(x, { weight, bias }),
        terms: 5,
      },
      {
        name: 'strided',
        inputs: [numbers(5, 3, 2)],
        fn: (x) => ops.instanceNorm(x.transpose(0, 2)),
        terms: 5,
      },
    ],
  },
  klDivLoss: {
    differentiable: true,
    cases: [
      {
        name: 'batchmean',
        inputs: [numbers(3, 4), chances(3, 4)],
        fn: (x, y) => ops.klDivLoss(x, y, { reduction: 'batchmean' }),
        terms: 12,
      },
      {
        name: 'strided, of logarithms',
        inputs: [numbers(4, 3), numbers(3, 4)],
        fn: (x, y) => ops.klDivLoss(x.t(), y, { reduction: 'none', logTarget: true }),
      },
    ],
  },
  l1Loss: distance((x, y, options) => ops.l1Loss(x, y, options)),
  maxPool1d: {
    differentiable: true,
    cases: [
      { name: 'windows', inputs: [numbers(2, 3, 9)], fn: (x) => ops.maxPool1d(x, 3, 2, 1) },
      { name: 'strided', inputs: [numbers(9, 3)], fn: (x) => ops.maxPool1d(x.t(), 2) },
    ],
  },
  prelu: {
    differentiable: true,
    cases: [
      { name: 'channels', inputs: [betweenKinks(2, 2, 3, 4), numbers(3)], fn: ops.prelu, terms: 8 },
      { name: 'one for all', inputs: [betweenKinks(2, 3, 4), numbers(1)], fn: ops.prelu, terms: 12 },
      {
        name: 'strided',
        inputs: [betweenKinks(2, 3, 4), numbers(3)],
        fn: (x, w) => ops.prelu(x.t(), w),
        terms: 4,
      },
    ],
  },
  rmsNorm: {
    differentiable: true,
    cases: [
      {
        name: 'weight',
        inputs: [numbers(2, 3, 4), positives(3, 4)],
        fn: (x, weight) => ops.rmsNorm(x, [3, 4], weight),
        terms: 12,
      },
      { name: 'strided', inputs: [numbers(5, 3)], fn: (x) => ops.rmsNorm(x.t(), 5, { eps: 0.1 }), terms: 5 },
    ],
  },
  scaledDotProductAttention: {
    differentiable: true,
    cases: [
      {
        name: 'heads',
        inputs: [numbers(2, 2, 3, 4), numbers(2, 2, 5, 4), numbers(2, 2, 5, 2)],
        fn: (q, k, v) => ops.scaledDotProductAttention(q, k, v),
        terms: 20,
      },
      {
        name: 'causal, strided',
        inputs: [numbers(3, 4), numbers(3, 4), numbers(2, 4)],
        fn: (q, k, v) => causal(q.t(), k.t(), v.t()),
        terms: 12,
      },
      {
        name: 'mask',
        inputs: [numbers(3, 4), numbers(5, 4), numbers(5, 2), booleans(3, 5)],
        fn: (q, k, v, mask) => ops.scaledDotProductAttention(q, k, v, mask),
        terms: 20,
      },
      {
        name: 'added mask and dropout of all',
        inputs: [numbers(3, 4), numbers(5, 4), numbers(5, 2), numbers(3, 5)],
        fn: (q, k, v, mask) => ops.scaledDotProductAttention(q, k, v, mask, 1),
        terms: 20,
      },
      {
        name: 'one kernel',
        inputs: heads(5, 9, 3, 2),
        fn: (q, k, v) => fused(q.transpose(1, 2), k, v),
        terms: 40,
      },
      {
        name: 'one kernel, causal',
        inputs: heads(19, 17, 5, 3),
        fn: (q, k, v) => fused(q.transpose(1, 2), k, v, { isCausal: true }),
        terms: 90,
      },
      {
        name: 'one kernel, chosen keys',
        inputs: [...heads(17, 9, 18, 1), booleans(2, 1, 1, 9)],
        fn: (q, k, v, mask) => fused(q.transpose(1, 2), k, v, { mask }),
        terms: 160,
      },
      {
        name: 'one kernel, added mask with strides',
        inputs: [numbers(3, 6), numbers(7, 6), numbers(7, 2), booleans(7, 3)],
        fn: (q, k, v, mask) => fused(q, k.flip(0), v, { mask: mask.t().to(q.dtype).mul(-1.5) }),
        terms: 42,
      },
      {
        name: 'one kernel, a query without keys',
        inputs: [
          numbers(3, 4),
          numbers(5, 4),
          numbers(5, 2),
          given([0, 0, 0, 0, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1], [3, 5]),
        ],
        fn: (q, k, v, mask) => fused(q, k, v, { mask: mask.gt(0) }),
        terms: 20,
        notNumerically: 'the weights are NaN',
      },
      {
        name: 'one kernel, causal, later keys that are not finite',
        inputs: [
          given([1, 2, 3], [3, 1]),
          given([1, NaN, Infinity], [3, 1]),
          given([1, NaN, Infinity], [3, 1]),
        ],
        fn: (q, k, v) => fused(q, k, v, { isCausal: true }),
        notNumerically: SPECIAL_VALUES,
      },
    ],
  },
  smoothL1Loss: distance((x, y, options) => ops.smoothL1Loss(x, y, { beta: 0.5, ...options })),
};
