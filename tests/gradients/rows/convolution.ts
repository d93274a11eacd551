import * as ops from '../../../src/ops/index.ts';
import type { Conv2dOptions } from '../../../src/ops/conv2d.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import type { Case, Rows } from '../cases.ts';
import { given, numbers, SPECIAL } from '../inputs.ts';
import { SPECIAL_VALUES } from './families.ts';

/** A case with a bias; `terms` bounds what one output, or one element of a gradient, sums up. */
function convolution(
  name: string,
  input: readonly number[],
  weight: readonly number[],
  options: Conv2dOptions,
  terms: number,
): Case {
  return {
    name,
    inputs: [numbers(...input), numbers(...weight), numbers(weight[0]!)],
    fn: (x, w, b) => ops.conv2d(x, w, b, options),
    terms,
  };
}

const dense = (x: Tensor, w: Tensor): Tensor => ops.conv2d(x, w);

/** Convolutions. */
export const convolutions: Rows<'conv2d'> = {
  conv2d: {
    differentiable: true,
    cases: [
      convolution('3 × 3', [2, 3, 5, 7], [4, 3, 3, 3], {}, 36),
      convolution('padding', [2, 3, 5, 7], [4, 3, 3, 3], { padding: 1 }, 70),
      convolution('relu', [2, 3, 5, 7], [4, 3, 3, 3], { padding: 1, activation: 'relu' }, 70),
      convolution('relu, 1 × 1', [2, 3, 4, 3], [4, 3, 1, 1], { activation: 'relu' }, 24),
      { name: 'no bias', inputs: [numbers(2, 2, 4, 5), numbers(3, 2, 2, 3)], fn: dense, terms: 18 },
      convolution('one image without a batch', [3, 5, 4], [2, 3, 2, 3], { padding: 1 }, 30),
      convolution('batch of one', [1, 2, 6, 5], [3, 2, 3, 2], { stride: 2 }, 27),
      convolution('no image', [0, 2, 6, 5], [3, 2, 3, 2], { padding: 1 }, 1),
      convolution('no channels', [2, 0, 6, 5], [3, 0, 3, 2], { padding: 1 }, 1),
      convolution('no channels, relu', [2, 0, 6, 5], [3, 0, 1, 1], { activation: 'relu' }, 1),
      convolution('windows in the padding', [2, 1, 1, 2], [2, 1, 1, 1], { stride: [3, 1], padding: 1 }, 1),
      convolution('one channel, one filter', [2, 1, 5, 5], [1, 1, 3, 3], { padding: 1 }, 50),
      convolution('one channel, 34 filters', [2, 1, 6, 5], [34, 1, 3, 3], { padding: 1 }, 306),
      convolution('33 channels, 34 filters', [1, 33, 4, 3], [34, 33, 3, 3], { padding: 1 }, 306),
      convolution('filter as large as the image', [3, 2, 5, 4], [3, 2, 5, 4], {}, 40),
      convolution('one pixel, padded to the filter', [2, 2, 1, 1], [3, 2, 3, 3], { padding: 1 }, 9),
      convolution('stride 2', [2, 2, 7, 8], [3, 2, 3, 3], { stride: 2, padding: 1 }, 32),
      convolution('stride larger than the filter', [2, 2, 9, 8], [3, 2, 2, 2], { stride: 3 }, 18),
      convolution(
        'padding that only one side needs',
        [2, 2, 6, 6],
        [3, 2, 3, 3],
        { stride: 2, padding: 2 },
        32,
      ),
      convolution(
        'padding larger than the filter',
        [1, 2, 3, 2],
        [2, 2, 2, 2],
        { stride: 3, padding: [3, 4] },
        12,
      ),
      convolution('dilation', [2, 2, 9, 8], [3, 2, 3, 2], { dilation: [2, 3] }, 50),
      convolution('groups', [2, 6, 5, 4], [4, 3, 3, 2], { groups: 2, padding: 1 }, 60),
      convolution(
        'dilation and groups',
        [1, 4, 8, 7],
        [6, 2, 2, 3],
        { groups: 2, dilation: 2, padding: [1, 2] },
        60,
      ),
      convolution('depthwise', [2, 5, 6, 5], [5, 1, 3, 3], { groups: 5, padding: 1 }, 60),
      convolution(
        'depthwise, two filters a channel',
        [2, 3, 6, 5],
        [6, 1, 3, 3],
        { groups: 3, stride: 2 },
        18,
      ),
      convolution(
        'asymmetric in all',
        [2, 4, 11, 9],
        [6, 2, 3, 2],
        { stride: [3, 2], padding: [2, 1], dilation: [2, 3], groups: 2 },
        60,
      ),
      convolution("padding 'same'", [2, 2, 5, 4], [3, 2, 3, 5], { padding: 'same' }, 60),
      convolution(
        "padding 'same' of even filters, dilated",
        [1, 2, 6, 7],
        [3, 2, 2, 4],
        { padding: 'same', dilation: [3, 1] },
        84,
      ),
      convolution("padding 'valid'", [1, 2, 4, 4], [2, 2, 3, 3], { padding: 'valid' }, 18),
      convolution('1 × 1', [2, 3, 4, 5], [4, 3, 1, 1], {}, 40),
      convolution('1 × 1 with stride', [2, 3, 5, 4], [4, 3, 1, 1], { stride: 2 }, 18),
      convolution('1 × 1 with padding', [1, 3, 3, 4], [2, 3, 1, 1], { padding: 1 }, 12),
      convolution('1 × 1 in groups', [2, 4, 3, 3], [6, 2, 1, 1], { groups: 2 }, 18),
      convolution('1 × 5', [2, 2, 3, 9], [3, 2, 1, 5], { padding: [0, 2] }, 54),
      {
        name: 'transposed, flipped and sliced',
        inputs: [numbers(3, 2, 10, 5), numbers(3, 3, 2, 4)],
        fn: (x, w) =>
          ops.conv2d(x.slice(null, null, [0, 10, 2]).transpose(0, 1).flip(3), w.transpose(2, 3).flip(0)),
        terms: 24,
      },
      {
        name: 'views with an offset',
        inputs: [numbers(3, 2, 5, 5), numbers(5, 2, 3, 3), numbers(6)],
        fn: (x, w, b) => ops.conv2d(x.slice([1, 3]), w.slice([2, 5]), b.slice([3, 6]), { padding: 1 }),
        terms: 50,
      },
      {
        name: 'stretched',
        inputs: [numbers(1, 1, 5, 4), numbers(3, 1, 1, 2)],
        fn: (x, w) => ops.conv2d(x.expand([2, 3, 5, 4]), w.expand([3, 3, 3, 2])),
        terms: 60,
      },
      {
        name: 'with itself',
        inputs: [numbers(3, 3, 3, 3)],
        fn: (x) => ops.conv2d(x, x, undefined, { padding: 1 }),
        terms: 54,
      },
      convolution('wider than a workgroup', [1, 1, 3, 301], [2, 1, 3, 3], { padding: 1 }, 903),
      convolution('more filters than a tile', [1, 2, 3, 3], [70, 2, 2, 2], {}, 280),
      convolution('gradient of the weights, split', [5, 2, 21, 33], [3, 2, 3, 3], { padding: 1 }, 3465),
      convolution('split within images', [2, 3, 40, 29], [2, 3, 2, 2], { stride: [1, 2] }, 1092),
      {
        name: 'special values',
        inputs: [given(SPECIAL, [1, 1, 7, 5]), numbers(2, 1, 2, 2)],
        fn: (x, w) => ops.conv2d(x, w, undefined, { padding: 1 }),
        notNumerically: SPECIAL_VALUES,
      },
      {
        name: 'special values in the filter',
        inputs: [numbers(2, 2, 4, 4), given(SPECIAL, [7, 2, 1, 2])],
        fn: dense,
        terms: 24,
        notNumerically: SPECIAL_VALUES,
      },
    ],
  },
};
