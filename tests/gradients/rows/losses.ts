import { tensor } from '../../../src/index.ts';
import * as ops from '../../../src/ops/index.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import type { Rows } from '../cases.ts';
import { between, given, indices, integers, numbers, positives } from '../inputs.ts';
import { SPECIAL_VALUES } from './families.ts';

/** Weights from ½ up for each of some classes: constants, which have no gradient. */
function classWeights({ dtype, device }: Tensor, classes: number): Tensor {
  const values = Float64Array.from({ length: classes }, (_, index) => 0.5 + (index % 5) / 4);
  return tensor(values, { dtype, device });
}

const binary = (x: Tensor, target: Tensor): Tensor => ops.binaryCrossEntropyWithLogits(x, target);
const crossEntropy = (x: Tensor, target: Tensor): Tensor => ops.crossEntropy(x, target);
const mseLoss = (x: Tensor, target: Tensor): Tensor => ops.mseLoss(x, target);
const nllLoss = (x: Tensor, target: Tensor): Tensor => ops.nllLoss(x, target);

export const losses: Rows<'binaryCrossEntropyWithLogits' | 'crossEntropy' | 'mseLoss' | 'nllLoss'> = {
  binaryCrossEntropyWithLogits: {
    differentiable: true,
    cases: [
      { name: 'mean', inputs: [numbers(3, 5), between(0, 1, [3, 5])], fn: binary, terms: 15 },
      {
        name: 'sum',
        inputs: [numbers(3, 5), between(0, 1, [3, 5])],
        fn: (x, t) => ops.binaryCrossEntropyWithLogits(x, t, { reduction: 'sum' }),
        terms: 15,
      },
      {
        name: 'none, weighted',
        inputs: [numbers(3, 5), between(0, 1, [3, 5]), positives(3, 1), positives(5)],
        fn: (x, t, weight, posWeight) =>
          ops.binaryCrossEntropyWithLogits(x, t, { weight, posWeight, reduction: 'none' }),
        terms: 5,
      },
      {
        name: 'strided',
        inputs: [numbers(5, 3), between(0, 1, [3, 5])],
        fn: (x, t) => ops.binaryCrossEntropyWithLogits(x.t(), t, { reduction: 'none' }),
      },
      { name: 'scalar', inputs: [numbers(), between(0, 1, [])], fn: binary },
      {
        name: 'no element',
        inputs: [numbers(0, 3), between(0, 1, [0, 3])],
        fn: binary,
        notNumerically: SPECIAL_VALUES,
      },
      {
        name: 'logits of ±300',
        inputs: [given([300, -300, 300, -300, 0, 20, -20, 88]), given([1, 0, 0, 1, 0.5, 0, 1, 0.25])],
        fn: (x, t) => ops.binaryCrossEntropyWithLogits(x, t, { reduction: 'none' }),
        notNumerically: 'flat',
      },
      {
        name: 'special values',
        inputs: [given([NaN, Infinity, Infinity, -Infinity, 1, 1]), given([0.5, 0.5, 0, 0.5, NaN, Infinity])],
        fn: (x, t) => ops.binaryCrossEntropyWithLogits(x, t, { reduction: 'none' }),
        notNumerically: SPECIAL_VALUES,
      },
    ],
  },
  crossEntropy: {
    differentiable: true,
    cases: [
      { name: 'mean', inputs: [numbers(4, 5), integers(0, 5, 4)], fn: crossEntropy, terms: 5 },
      {
        name: 'sum',
        inputs: [numbers(4, 5), integers(0, 5, 4)],
        fn: (x, t) => ops.crossEntropy(x, t, { reduction: 'sum' }),
        terms: 20,
      },
      {
        name: 'none',
        inputs: [numbers(4, 5), integers(0, 5, 4)],
        fn: (x, t) => ops.crossEntropy(x, t, { reduction: 'none' }),
        terms: 5,
      },
      { name: 'one sample', inputs: [numbers(5), integers(0, 5)], fn: crossEntropy, terms: 5 },
      {
        name: 'one sample, none',
        inputs: [numbers(5), integers(0, 5)],
        fn: (x, t) => ops.crossEntropy(x, t, { reduction: 'none' }),
        terms: 5,
      },
      { name: 'one class', inputs: [numbers(3, 1), indices([0, 0, 0])], fn: crossEntropy },
      {
        name: 'strided',
        inputs: [numbers(5, 4), integers(0, 5, 8)],
        fn: (x, t) => ops.crossEntropy(x.t(), t.slice([null, null, 2]).flip(0)),
        terms: 5,
      },
      {
        name: 'more rows than a workgroup',
        inputs: [numbers(301, 10), integers(0, 10, 301)],
        fn: crossEntropy,
        terms: 301,
      },
      {
        name: 'two rounds of a workgroup, some ignored',
        inputs: [numbers(67, 4), integers(0, 4, 67)],
        fn: (x, t) =>
          ops.crossEntropy(x, t, { weight: classWeights(x, 4), ignoreIndex: 2, labelSmoothing: 0.1 }),
        terms: 67,
      },
      {
        name: 'more classes than a workgroup',
        inputs: [numbers(2, 1031), integers(0, 1031, 2)],
        fn: crossEntropy,
        terms: 1031,
      },
      {
        name: 'logits of ±300',
        inputs: [given([300, -300, 0, 299, 1, 2], [2, 3]), indices([1, 0])],
        fn: crossEntropy,
        notNumerically: 'flat',
      },
      {
        name: 'special values',
        inputs: [
          given([NaN, 1, 2, Infinity, 1, 2, -Infinity, 1, 2, 1, -Infinity, 2], [4, 3]),
          indices([1, 1, 1, 1]),
        ],
        fn: (x, t) => ops.crossEntropy(x, t, { reduction: 'none' }),
        notNumerically: SPECIAL_VALUES,
      },
      {
        name: 'no row',
        inputs: [numbers(0, 3), integers(0, 3, 0)],
        fn: crossEntropy,
        notNumerically: SPECIAL_VALUES,
      },
      {
        name: 'weighted',
        inputs: [numbers(6, 4), integers(0, 4, 6)],
        fn: (x, t) => ops.crossEntropy(x, t, { weight: classWeights(x, 4) }),
        terms: 10,
      },
      {
        name: 'weighted, smoothed, some ignored',
        inputs: [numbers(6, 4), indices([0, 3, 1, 3, 2, 0])],
        fn: (x, t) =>
          ops.crossEntropy(x, t, { weight: classWeights(x, 4), ignoreIndex: 3, labelSmoothing: 0.2 }),
        terms: 20,
      },
      {
        name: 'smoothed, none',
        inputs: [numbers(5, 4), indices([0, -100, 3, 1, 2])],
        fn: (x, t) => ops.crossEntropy(x, t, { labelSmoothing: 0.1, reduction: 'none' }),
        terms: 8,
      },
      {
        name: 'smoothed, sum, more classes than a workgroup',
        inputs: [numbers(3, 1031), integers(0, 1031, 3)],
        fn: (x, t) =>
          ops.crossEntropy(x, t, { weight: classWeights(x, 1031), labelSmoothing: 0.3, reduction: 'sum' }),
        terms: 3093,
      },
      {
        name: 'images, mean',
        inputs: [numbers(2, 3, 4, 5), integers(-1, 3, 2, 4, 5)],
        fn: (x, t) => ops.crossEntropy(x, t, { ignoreIndex: -1, weight: classWeights(x, 3) }),
        terms: 40,
      },
      {
        name: 'images, none, strided',
        inputs: [numbers(5, 4, 3, 2), integers(0, 3, 4, 2, 5)],
        fn: (x, t) =>
          ops.crossEntropy(x.permute([3, 2, 1, 0]), t.permute([1, 0, 2]), {
            weight: classWeights(x, 6).slice([0, null, 2]),
            labelSmoothing: 0.1,
            reduction: 'none',
          }),
        terms: 6,
      },
      {
        name: 'several lanes a row of strided classes',
        inputs: [numbers(2, 77, 3), integers(0, 77, 2, 3)],
        fn: (x, t) => ops.crossEntropy(x, t, { labelSmoothing: 0.1 }),
        terms: 77,
      },
      {
        name: 'all ignored',
        inputs: [numbers(3, 4), indices([-100, -100, -100])],
        fn: crossEntropy,
        notNumerically: SPECIAL_VALUES,
      },
      {
        name: 'all ignored, sum',
        inputs: [numbers(3, 4), indices([2, 2, 2])],
        fn: (x, t) => ops.crossEntropy(x, t, { ignoreIndex: 2, labelSmoothing: 0.5, reduction: 'sum' }),
      },
      {
        name: 'logits of ±300, smoothed and weighted',
        inputs: [given([300, -300, 0, 299, 1, 2], [2, 3]), indices([1, 0])],
        fn: (x, t) =>
          ops.crossEntropy(x, t, { labelSmoothing: 0.1, weight: classWeights(x, 3), reduction: 'none' }),
        notNumerically: 'flat',
      },
      {
        name: 'special values, smoothed',
        inputs: [
          given([NaN, 1, 2, Infinity, 1, 2, -Infinity, 1, 2, 1, -Infinity, 2], [4, 3]),
          indices([1, 1, 1, 1]),
        ],
        fn: (x, t) => ops.crossEntropy(x, t, { reduction: 'none', labelSmoothing: 0.1 }),
        notNumerically: SPECIAL_VALUES,
      },
      { name: 'probabilities', inputs: [numbers(4, 5), positives(4, 5)], fn: crossEntropy, terms: 20 },
      {
        name: 'probabilities, weighted, smoothed',
        inputs: [numbers(4, 5), positives(4, 5)],
        fn: (x, t) =>
          ops.crossEntropy(x, t, { weight: classWeights(x, 5), labelSmoothing: 0.2, reduction: 'sum' }),
        terms: 20,
      },
      {
        name: 'probabilities of images, none',
        inputs: [numbers(2, 3, 4), positives(2, 3, 4)],
        fn: (x, t) => ops.crossEntropy(x, t, { weight: classWeights(x, 3), reduction: 'none' }),
        terms: 6,
      },
      {
        name: 'probabilities of one sample',
        inputs: [numbers(5), positives(5)],
        fn: (x, t) => ops.crossEntropy(x, t, { reduction: 'none' }),
        terms: 5,
      },
    ],
  },
  mseLoss: {
    differentiable: true,
    cases: [
      { name: 'mean', inputs: [numbers(3, 5), numbers(3, 5)], fn: mseLoss, terms: 15 },
      {
        name: 'sum',
        inputs: [numbers(3, 5), numbers(3, 5)],
        fn: (x, t) => ops.mseLoss(x, t, { reduction: 'sum' }),
        terms: 15,
      },
      {
        name: 'none',
        inputs: [numbers(3, 5), numbers(3, 5)],
        fn: (x, t) => ops.mseLoss(x, t, { reduction: 'none' }),
      },
      {
        name: 'transposed',
        inputs: [numbers(3, 5), numbers(5, 3)],
        fn: (x, t) => ops.mseLoss(x, t.t()),
        terms: 15,
      },
    ],
  },
  nllLoss: {
    differentiable: true,
    cases: [
      { name: 'mean', inputs: [numbers(4, 5), integers(0, 5, 4)], fn: nllLoss, terms: 4 },
      {
        name: 'sum, weighted, some ignored',
        inputs: [numbers(6, 4), indices([0, 3, 1, 3, 2, 0])],
        fn: (x, t) => ops.nllLoss(x, t, { weight: classWeights(x, 4), ignoreIndex: 3, reduction: 'sum' }),
        terms: 6,
      },
      {
        name: 'mean, weighted, some ignored',
        inputs: [numbers(6, 4), indices([0, -100, 1, 3, 2, 0])],
        fn: (x, t) => ops.nllLoss(x, t, { weight: classWeights(x, 4) }),
        terms: 12,
      },
      {
        name: 'none, images, strided',
        inputs: [numbers(5, 4, 3, 2), integers(0, 3, 4, 2, 5)],
        fn: (x, t) => ops.nllLoss(x.permute([3, 2, 1, 0]), t.permute([1, 0, 2]), { reduction: 'none' }),
      },
      { name: 'one sample', inputs: [numbers(5), integers(0, 5)], fn: nllLoss },
      {
        name: 'all ignored',
        inputs: [numbers(3, 4), indices([-100, -100, -100])],
        fn: nllLoss,
        notNumerically: SPECIAL_VALUES,
      },
      {
        name: 'special values, one ignored',
        inputs: [given([NaN, Infinity, -Infinity, NaN, 1], [5, 1]), indices([0, 0, 0, -100, 0])],
        fn: (x, t) => ops.nllLoss(x, t, { reduction: 'none' }),
        notNumerically: SPECIAL_VALUES,
      },
    ],
  },
};
