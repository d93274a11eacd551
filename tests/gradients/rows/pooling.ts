import type { MaxPoolOptions } from '../../../src/ops/maxPool2d.ts';
import type { WindowOptions } from '../../../src/ops/pooling.ts';
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

/** Pooling: windows over images. */
export const pooling: Rows<'maxPool2d'> = {
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
