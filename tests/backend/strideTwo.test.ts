import { describe, expect, test } from 'vitest';
import { suitsStrideTwo } from '../../src/backend/cpu/simd/strideTwo.ts';
import { arange, cat, nn, rand, randn, type Tensor } from '../../src/index.ts';
import { builds, expectAlike, on, reference } from './builds.ts';

interface Sizes {
  batch: number;
  groups?: number;
  from: number;
  to: number;
  height: number;
  width: number;
  kernel?: number;
  stride?: number;
  padding?: number;
  /** Whether all numbers are whole. */
  whole?: boolean;
  /** In the place of one pixel. */
  bad?: number;
}

/** Output, gradient of the images and gradient of the filters. */
function flat({ batch, groups = 1, from, to, height, width, whole = false, bad, ...rest }: Sizes): Tensor {
  const { kernel = 3, stride = 2, padding = 1 } = rest;
  const numbers = (shape: readonly number[]): Tensor =>
    whole
      ? rand([...shape])
          .mul(9)
          .floor()
          .sub(4)
          .detach()
      : randn([...shape]);
  let images = numbers([batch, groups * from, height, width]);
  if (bad !== undefined) images = spoilt(images, bad);
  images.requiresGrad = true;
  const filters = numbers([groups * to, from, kernel, kernel]);
  filters.requiresGrad = true;
  const bias = numbers([groups * to]);
  const y = nn.functional.conv2d(images, filters, bias, { stride, padding, groups });
  y.backward(numbers(y.shape));
  return cat([y, images.grad!, filters.grad!].map((each) => each.detach().flatten()));
}

function spoilt(images: Tensor, bad: number): Tensor {
  const spoils = arange(images.numel())
    .eq(100)
    .reshape([...images.shape]);
  return images.maskedFill(spoils, bad).detach();
}

const window = {
  ...{ KERNEL_HEIGHT: 3, KERNEL_WIDTH: 3, STRIDE_Y: 2, STRIDE_X: 2 },
  ...{ PADDING_Y: 1, PADDING_X: 1, DILATION_Y: 1, DILATION_X: 1 },
};

test('tiles of 2 × 2 need both strides, channels, and outputs that fill them', () => {
  expect(suitsStrideTwo(window, 8, 8, 4, 4)).toBe(true);
  expect(suitsStrideTwo({ ...window, STRIDE_Y: 1 }, 8, 8, 4, 4)).toBe(false);
  expect(suitsStrideTwo({ ...window, KERNEL_WIDTH: 1 }, 8, 8, 4, 4)).toBe(false);
  expect(suitsStrideTwo({ ...window, DILATION_X: 2 }, 8, 8, 4, 4)).toBe(false);
  expect(suitsStrideTwo(window, 7, 8, 4, 4)).toBe(false);
  const sides = [1, 2, 3, 4, 5, 6, 7, 14];
  expect(sides.filter((side) => suitsStrideTwo(window, 8, 8, side, side))).toEqual([2, 4, 6, 7, 14]);
});

describe('convolutions of 3 × 3 with stride 2 between many channels', () => {
  const cases: Sizes[] = [
    { batch: 1, from: 8, to: 8, height: 8, width: 8 },
    { batch: 3, from: 9, to: 14, height: 14, width: 27 },
    { batch: 2, groups: 2, from: 13, to: 11, height: 15, width: 12, padding: 0 },
    { batch: 2, from: 34, to: 19, height: 28, width: 28 },
    { batch: 2, from: 8, to: 33, height: 17, width: 20, padding: 2 },
    { batch: 40, from: 10, to: 12, height: 13, width: 14 },
  ];

  test.each(cases)(
    '$from → $to, $batch images of $height × $width: near the reference, with any number of threads',
    async (sizes) => {
      await expectAlike(() => flat(sizes), 2e-4);
    },
  );

  test('whole numbers are exact', async () => {
    for (const sizes of cases.slice(0, 3)) await expectAlike(() => flat({ ...sizes, whole: true }), 0);
  });

  test.each([NaN, Infinity, -Infinity])('%d reaches the outputs that see it, and no other', async (bad) => {
    const sizes = { batch: 1, from: 8, to: 9, height: 14, width: 14, bad };
    const shape = (values: number[]): number[] => values.map((value) => (Number.isFinite(value) ? 0 : value));
    const expected = shape(await on(reference, () => flat(sizes)));
    expect(expected.some((value) => value !== 0)).toBe(true);
    for (const [, three] of builds) expect(shape(await on(three, () => flat(sizes)))).toEqual(expected);
  });

  test.each([
    [16, 0.24],
    [32, 0.3],
    [128, 0.59],
  ])('the error between %i channels is less than %d millionths of the results', async (channels, most) => {
    const body = (): Tensor => flat({ batch: 1, from: channels, to: channels, height: 28, width: 28 });
    const expected = await on(reference, body);
    const bounds = [0, channels * 196, channels * 980, expected.length];
    for (const [, three] of builds) {
      const found = await on(three, body);
      for (let part = 0; part < 3; part++) {
        const [first, last] = [bounds[part]!, bounds[part + 1]!];
        const errors = found.map((value, at) => value - expected[at]!);
        const error = Math.sqrt(squares(errors.slice(first, last)) / squares(expected.slice(first, last)));
        expect(1e6 * error, `part ${part}`).toBeLessThan(most);
      }
    }
  });
});

const squares = (values: number[]): number => values.reduce((sum, value) => sum + value ** 2, 0);

describe('windows that are read where they are', () => {
  const cases: Sizes[] = [
    { batch: 2, from: 5, to: 7, height: 13, width: 14, kernel: 1 },
    { batch: 2, groups: 2, from: 5, to: 7, height: 9, width: 11, kernel: 1, stride: 3 },
    { batch: 2, from: 3, to: 6, height: 31, width: 29, kernel: 7, padding: 3 },
    { batch: 1, from: 3, to: 13, height: 20, width: 20, kernel: 5, stride: 5, padding: 0 },
    { batch: 1, from: 4, to: 6, height: 8, width: 9, kernel: 1, padding: 0 },
  ];

  test.each(cases)(
    '$from → $to of $kernel × $kernel, $batch images of $height × $width: near the reference, with any number of threads',
    async (sizes) => {
      await expectAlike(() => flat({ padding: 0, ...sizes }), 1e-4);
    },
  );
});
