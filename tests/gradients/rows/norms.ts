import { tensor } from '../../../src/index.ts';
import type { BatchNormOptions } from '../../../src/ops/batchNorm.ts';
import type { DropoutOptions } from '../../../src/ops/dropout.ts';
import type { LayerNormOptions } from '../../../src/ops/layerNorm.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import type { Case, Rows } from '../cases.ts';
import { between, given, type Input, numbers, positives, SPECIAL } from '../inputs.ts';
import { SPECIAL_VALUES } from './families.ts';

type Norm = (x: Tensor, weight?: Tensor, bias?: Tensor) => Tensor;

/** Running statistics of the right size, made afresh: training changes them. */
function running(x: Tensor): [Tensor, Tensor] {
  const { dtype, device } = x;
  const channels = x.shape[1]!;
  const made = (value: (channel: number) => number): Tensor =>
    tensor(
      Float32Array.from({ length: channels }, (_, channel) => value(channel)),
      { dtype, device },
    );
  return [made((channel) => 0.1 * channel - 0.2), made((channel) => 0.5 + 0.1 * channel)];
}

const batch =
  (options: BatchNormOptions): Norm =>
  (x, weight, bias) =>
    x.batchNorm(...running(x), { weight, bias, ...options });

/** Cases of both modes. `terms`: gradients of weight and bias sum a channel. */
function modes(training: boolean): Case[] {
  const mode = training ? 'training' : 'evaluation';
  const fn = batch({ training });
  const cases: { name: string; shape: readonly number[]; channels: number; fn?: Norm }[] = [
    { name: 'images', shape: [3, 2, 5, 3], channels: 2 },
    { name: 'vectors', shape: [7, 3], channels: 3 },
    { name: 'sequences', shape: [3, 3, 5], channels: 3 },
    { name: 'one channel', shape: [2, 1, 3, 5], channels: 1 },
    { name: '33 channels', shape: [3, 33, 2, 2], channels: 33 },
    { name: 'one image', shape: [1, 3, 5, 7], channels: 3 },
    { name: 'single places', shape: [5, 3, 1, 1], channels: 3 },
    { name: 'no image', shape: [0, 3, 2, 2], channels: 3 },
    { name: 'more than a workgroup', shape: [13, 3, 7, 29], channels: 3 },
    { name: 'many parts', shape: [37, 2, 11, 13], channels: 2 },
    {
      name: 'channels last',
      shape: [3, 5, 3, 2],
      channels: 2,
      fn: (x, weight, bias) => fn(x.permute([0, 3, 1, 2]), weight, bias),
    },
    {
      name: 'flipped slices of all',
      shape: [3, 3, 4, 9],
      channels: 6,
      fn: (x, weight, bias) =>
        fn(
          x.slice(null, null, null, [1, null, 2]).flip([0, 3]),
          weight!.slice([1, null, 2]),
          bias!.flip(0).slice([0, 3]),
        ),
    },
  ];
  return cases.map(({ name, shape, channels, fn: own = fn }) => ({
    name: `${mode}, ${name}`,
    inputs: [numbers(...shape), positives(channels), numbers(channels)],
    fn: own,
    terms: Math.max(1, shape.reduce((size, length) => size * length, 1) / channels),
  }));
}

const batchInputs: Input[] = [numbers(3, 2, 4, 3), positives(2), numbers(2)];

const layer =
  (shape: number | number[], options: LayerNormOptions = {}): Norm =>
  (x, weight, bias) =>
    x.layerNorm(shape, { weight, bias, ...options });

const drop =
  (options: DropoutOptions): ((x: Tensor) => Tensor) =>
  (x) =>
    x.dropout({ seed: 7, stream: 3, ...options });

/** Normalisation, and dropout, which stands beside it in networks. */
export const norms: Rows<'batchNorm' | 'dropout' | 'layerNorm'> = {
  batchNorm: {
    differentiable: true,
    cases: [
      ...modes(true),
      ...modes(false),
      {
        name: 'training, no affine map',
        inputs: [numbers(3, 2, 4, 3)],
        fn: batch({ training: true }),
        terms: 36,
      },
      { name: 'evaluation, no affine map', inputs: [numbers(3, 2, 4, 3)], fn: batch({}), terms: 36 },
      {
        name: 'training, weight alone',
        inputs: batchInputs.slice(0, 2),
        fn: batch({ training: true, eps: 0.1 }),
        terms: 36,
      },
      {
        name: 'training, bias alone',
        inputs: [batchInputs[0]!, batchInputs[2]!],
        fn: (x, bias) => batch({ training: true })(x, undefined, bias),
        terms: 36,
      },
      {
        name: 'evaluation, weight alone',
        inputs: batchInputs.slice(0, 2),
        fn: batch({ eps: 0.1 }),
        terms: 36,
      },
      {
        name: 'training, nothing kept',
        inputs: batchInputs,
        fn: (x, weight, bias) => x.batchNorm(null, null, { weight, bias, training: true }),
        terms: 36,
      },
      {
        name: 'training, a fixed input',
        inputs: batchInputs,
        fn: (x, weight, bias) => batch({ training: true })(x.detach(), weight, bias),
        notNumerically: 'the differences of the input are not asked for',
        terms: 36,
      },
      {
        name: 'training, far from 0',
        inputs: [between(999, 1001, [8, 2, 5, 5]), positives(2), numbers(2)],
        fn: batch({ training: true }),
        notNumerically: 'differences of numbers that large are coarse',
        // Beside 1000 a float32 is 6e-5 from the next, and the spread is 0.6.
        terms: 200 * 1e4,
      },
      {
        name: 'training, special values',
        inputs: [given([...SPECIAL, 2, 3], [3, 3, 3, 3]), positives(3), numbers(3)],
        fn: batch({ training: true }),
        notNumerically: SPECIAL_VALUES,
      },
      {
        name: 'evaluation, special values',
        inputs: [given([...SPECIAL, 2, 3], [3, 3, 3, 3]), positives(3), numbers(3)],
        fn: batch({}),
        notNumerically: SPECIAL_VALUES,
      },
    ],
  },
  dropout: {
    differentiable: true,
    cases: [
      { name: 'half', inputs: [numbers(3, 5)], fn: drop({}) },
      { name: 'a fifth', inputs: [numbers(2, 3, 4, 5)], fn: drop({ p: 0.2 }) },
      { name: 'almost all', inputs: [numbers(7, 33)], fn: drop({ p: 0.999 }) },
      { name: 'all', inputs: [numbers(3, 5)], fn: drop({ p: 1 }) },
      { name: 'a share that float32 rounds', inputs: [numbers(3, 700)], fn: drop({ p: 0.1 }) },
      { name: 'another seed', inputs: [numbers(3, 5)], fn: drop({ seed: 2 ** 40 + 1, stream: 2 ** 33 }) },
      { name: 'scalar', inputs: [numbers()], fn: drop({}) },
      { name: 'no element', inputs: [numbers(0, 3)], fn: drop({}) },
      { name: 'transposed', inputs: [numbers(3, 5)], fn: (x) => drop({})(x.t()) },
      {
        name: 'a slice, stretched',
        inputs: [numbers(5, 6)],
        fn: (x) => drop({})(x.slice([1, null, 2], [0, 5]).flip(1).unsqueeze(0).expand([3, 2, 5])),
        terms: 3,
      },
      {
        name: 'special values',
        inputs: [given(SPECIAL, [3, 14])],
        fn: drop({}),
        notNumerically: SPECIAL_VALUES,
      },
    ],
  },
  layerNorm: {
    differentiable: true,
    cases: [
      { name: 'rows', inputs: [numbers(3, 5), positives(5), numbers(5)], fn: layer(5), terms: 5 },
      { name: 'one row', inputs: [numbers(5), positives(5), numbers(5)], fn: layer([5]), terms: 5 },
      {
        name: 'the last two dims',
        inputs: [numbers(2, 3, 4, 5), positives(4, 5), numbers(4, 5)],
        fn: layer([4, 5]),
        terms: 20,
      },
      { name: 'no affine map', inputs: [numbers(3, 5)], fn: layer(5, { eps: 0.1 }), terms: 5 },
      { name: 'weight alone', inputs: [numbers(3, 5), positives(5)], fn: layer(5), terms: 5 },
      {
        name: 'bias alone',
        inputs: [numbers(3, 5), numbers(5)],
        fn: (x, bias) => layer(5)(x, undefined, bias),
        terms: 5,
      },
      { name: 'single elements', inputs: [numbers(3, 1), positives(1), numbers(1)], fn: layer(1), terms: 3 },
      {
        name: 'longer than a workgroup',
        inputs: [numbers(3, 1031), positives(1031), numbers(1031)],
        fn: layer(1031),
        terms: 1031,
      },
      {
        name: 'more rows than a workgroup',
        inputs: [numbers(301, 3), positives(3), numbers(3)],
        fn: layer(3),
        terms: 301,
      },
      { name: 'no row', inputs: [numbers(0, 3), positives(3), numbers(3)], fn: layer(3) },
      { name: 'nothing in a row', inputs: [numbers(2, 0)], fn: layer(0) },
      {
        name: 'strided',
        inputs: [numbers(5, 3), positives(9), numbers(5)],
        fn: (x, weight, bias) => layer(5)(x.t(), weight.slice([0, null, 2]), bias.flip(0)),
        terms: 5,
      },
      {
        name: 'special values',
        inputs: [given([...SPECIAL, 2, 3, 1, 2, 3, 4], [5, 3]), positives(3), numbers(3)],
        fn: layer(3),
        notNumerically: SPECIAL_VALUES,
      },
    ],
  },
};
