import type { AdaptiveSize } from '../../../src/ops/adaptiveAvgPool2d.ts';
import type { AvgPoolOptions } from '../../../src/ops/avgPool2d.ts';
import type { MaxPoolOptions } from '../../../src/ops/maxPool2d.ts';
import type { WindowOptions } from '../../../src/ops/support/pooling.ts';
import type { Tensor } from '../../../src/tensor/tensor.ts';
import type { Case, Rows } from '../cases.ts';
import { distinct, given, type Input, integers, numbers, SPECIAL } from '../inputs.ts';
import { SPECIAL_VALUES } from './families.ts';

type Pool = (x: Tensor, options: WindowOptions) => Tensor;

/** The cases that all pooling with given windows goes through. */
function windowCases(pool: Pool, make: (...shape: number[]) => Input): Case[] {
  const run =
    (options: WindowOptions) =>
    (x: Tensor): Tensor =>
      pool(x, options);
  return [
    { name: 'halves', inputs: [make(2, 3, 4, 6)], fn: run({ kernelSize: 2 }), terms: 4 },
    { name: 'odd sizes', inputs: [make(2, 3, 5, 7)], fn: run({ kernelSize: 2 }), terms: 4 },
    { name: 'halves of wide images', inputs: [make(2, 3, 4, 10)], fn: run({ kernelSize: 2 }), terms: 4 },
    { name: 'wide images, odd sizes', inputs: [make(2, 3, 5, 11)], fn: run({ kernelSize: 2 }), terms: 4 },
    {
      name: 'an oblong window',
      inputs: [make(1, 2, 6, 7)],
      fn: run({ kernelSize: [3, 2], stride: [2, 1] }),
      terms: 6,
    },
    { name: 'one channel', inputs: [make(2, 1, 6, 6)], fn: run({ kernelSize: 3 }), terms: 9 },
    { name: '33 channels', inputs: [make(2, 33, 4, 5)], fn: run({ kernelSize: 2 }), terms: 4 },
    { name: 'the whole image', inputs: [make(2, 3, 5, 4)], fn: run({ kernelSize: [5, 4] }), terms: 20 },
    { name: 'single places', inputs: [make(2, 3, 3, 4)], fn: run({ kernelSize: 1 }) },
    { name: 'gaps', inputs: [make(1, 2, 7, 8)], fn: run({ kernelSize: 2, stride: 3 }), terms: 4 },
    { name: 'wide gaps', inputs: [make(1, 2, 13, 11)], fn: run({ kernelSize: 2, stride: [6, 5] }), terms: 4 },
    { name: 'overlap', inputs: [make(2, 2, 6, 7)], fn: run({ kernelSize: 3, stride: 1 }), terms: 9 },
    {
      name: 'overlap and padding',
      inputs: [make(1, 3, 7, 8)],
      fn: run({ kernelSize: 3, stride: 2, padding: 1 }),
      terms: 9,
    },
    {
      name: 'padding of two amounts',
      inputs: [make(1, 2, 5, 6)],
      fn: run({ kernelSize: [3, 4], padding: [1, 2], stride: [1, 3] }),
      terms: 12,
    },
    {
      name: 'ceil mode',
      inputs: [make(1, 2, 5, 7)],
      fn: run({ kernelSize: 2, ceilMode: true }),
      terms: 4,
    },
    {
      name: 'ceil mode, past the padding',
      inputs: [make(2, 1, 6, 7)],
      fn: run({ kernelSize: 3, stride: 2, padding: 1, ceilMode: true }),
      terms: 9,
    },
    { name: 'no batch', inputs: [make(3, 5, 6)], fn: run({ kernelSize: 2 }), terms: 4 },
    { name: 'one image', inputs: [make(1, 1, 2, 2)], fn: run({ kernelSize: 2 }), terms: 4 },
    { name: 'no image', inputs: [make(0, 3, 4, 4)], fn: run({ kernelSize: 2 }) },
    {
      name: 'more places than a workgroup',
      inputs: [make(2, 1, 3, 601)],
      fn: run({ kernelSize: [2, 3], stride: [1, 2] }),
      terms: 6,
    },
    {
      name: 'channels last',
      inputs: [make(2, 5, 6, 3)],
      fn: (x) => pool(x.permute([0, 3, 1, 2]), { kernelSize: 2 }),
      terms: 4,
    },
    {
      name: 'flipped and stretched',
      inputs: [make(1, 1, 4, 9)],
      fn: (x) =>
        pool(x.slice(null, null, null, [1, null, 2]).flip([2, 3]).expand([2, 3, 4, 4]), { kernelSize: 2 }),
      terms: 24,
    },
    {
      name: 'special values',
      inputs: [given([...SPECIAL, 2, 3], [1, 3, 6, 8])],
      fn: run({ kernelSize: 3, stride: 2, padding: 1 }),
      terms: 9,
      notNumerically: SPECIAL_VALUES,
    },
  ];
}

const maxPool =
  (options: MaxPoolOptions) =>
  (x: Tensor): Tensor =>
    x.maxPool2d(options);

const avgPool =
  (options: AvgPoolOptions) =>
  (x: Tensor): Tensor =>
    x.avgPool2d(options);

const adaptive =
  (size: AdaptiveSize) =>
  (x: Tensor): Tensor =>
    x.adaptiveAvgPool2d(size);

/** Pooling: windows over images. */
export const pooling: Rows<'adaptiveAvgPool2d' | 'avgPool2d' | 'maxPool2d'> = {
  adaptiveAvgPool2d: {
    differentiable: true,
    cases: [
      { name: 'to one place', inputs: [numbers(2, 3, 5, 7)], fn: adaptive(1), terms: 35 },
      { name: 'halves', inputs: [numbers(2, 3, 4, 6)], fn: adaptive([2, 3]), terms: 4 },
      { name: 'sevenths', inputs: [numbers(1, 2, 14, 21)], fn: adaptive([2, 3]), terms: 49 },
      { name: 'parts that overlap', inputs: [numbers(1, 3, 5, 7)], fn: adaptive([3, 4]), terms: 9 },
      { name: 'one axis divides', inputs: [numbers(2, 1, 4, 7)], fn: adaptive([2, 3]), terms: 6 },
      { name: 'kept', inputs: [numbers(2, 3, 5, 7)], fn: adaptive(null) },
      { name: 'one axis kept', inputs: [numbers(1, 33, 5, 7)], fn: adaptive([null, 2]), terms: 4 },
      { name: 'larger than the image', inputs: [numbers(2, 3, 3, 4)], fn: adaptive([7, 5]), terms: 9 },
      { name: 'no batch', inputs: [numbers(3, 5, 4)], fn: adaptive(2), terms: 9 },
      { name: 'no image', inputs: [numbers(0, 3, 5, 4)], fn: adaptive(2) },
      { name: 'to no place', inputs: [numbers(2, 3, 5, 4)], fn: adaptive([0, 2]) },
      {
        name: 'channels last',
        inputs: [numbers(2, 5, 6, 3)],
        fn: (x) => x.permute([0, 3, 1, 2]).adaptiveAvgPool2d([3, 4]),
        terms: 6,
      },
      {
        name: 'special values',
        inputs: [given([...SPECIAL, 2, 3], [1, 3, 6, 8])],
        fn: adaptive([4, 3]),
        terms: 9,
        notNumerically: SPECIAL_VALUES,
      },
    ],
  },
  avgPool2d: {
    differentiable: true,
    cases: [
      ...windowCases((x, options) => x.avgPool2d(options), numbers),
      {
        name: 'padding that does not count',
        inputs: [numbers(1, 2, 5, 7)],
        fn: avgPool({ kernelSize: 3, stride: 2, padding: 1, ceilMode: true, countIncludePad: false }),
        terms: 9,
      },
      {
        name: 'a divisor',
        inputs: [numbers(1, 2, 5, 7)],
        fn: avgPool({ kernelSize: [2, 3], padding: 1, divisorOverride: -2.5 }),
        terms: 6,
      },
    ],
  },
  maxPool2d: {
    differentiable: true,
    cases: [
      ...windowCases((x, options) => x.maxPool2d(options), distinct),
      { name: 'dilation', inputs: [distinct(1, 2, 7, 8)], fn: maxPool({ kernelSize: 2, dilation: 3 }) },
      {
        name: 'dilation and padding',
        inputs: [distinct(2, 1, 7, 9)],
        fn: maxPool({ kernelSize: 3, stride: [2, 1], padding: 1, dilation: [2, 3], ceilMode: true }),
        terms: 9,
      },
      {
        name: 'ties',
        inputs: [integers(0, 2, 2, 2, 6, 7), numbers(2, 2, 6, 7)],
        fn: (x, y) => maxPool({ kernelSize: 3, stride: 2, padding: 1 })(y.sign().add(x)),
        terms: 9,
        notNumerically: 'the gradient goes to the first of equals',
      },
    ],
  },
};
