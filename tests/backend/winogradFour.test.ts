import { describe, expect, test } from 'vitest';
import { philox4x32 } from '../../src/backend/philox.ts';
import { suitsFour } from '../../src/backend/cpu/simd/winogradFour.ts';
import { cat, nn, randn, type Tensor, tensor } from '../../src/index.ts';
import { builds, expectAlike, on, reference } from './builds.ts';

interface Sizes {
  batch: number;
  groups?: number;
  from: number;
  to: number;
  height: number;
  width: number;
  padding?: number;
  /** In the place of one pixel. */
  bad?: number;
}

/** Output, gradient of the images and gradient of the filters. */
function flat({ batch, groups = 1, from, to, height, width, padding = 1, bad }: Sizes): Tensor {
  const shape = [batch, groups * from, height, width];
  const size = shape.reduce((product, each) => product * each);
  const pixels = Float32Array.from(
    { length: size },
    (_, at) => philox4x32([at, 0, 0, 0], [1, 2])[0] / 2 ** 31 - 1,
  );
  if (bad !== undefined) pixels[1000] = bad;
  const images = tensor(pixels, { shape, requiresGrad: true });
  const filters = randn([groups * to, from, 3, 3], { requiresGrad: true });
  const y = nn.functional.conv2d(images, filters, randn([groups * to]), { padding, groups });
  y.backward(randn(y.shape));
  return cat([y, images.grad!, filters.grad!].map((each) => each.detach().flatten()));
}

test('tiles of 4 × 4 need many channels, and images that pay for the transforms of the filters', () => {
  const sides = [1, 4, 5, 6, 7, 8, 9, 13, 14, 28];
  expect(sides.filter((side) => suitsFour(32, 32, side, side))).toEqual([7, 8, 13, 14, 28]);
  expect([suitsFour(31, 64, 14, 14), suitsFour(64, 31, 14, 14)]).toEqual([false, false]);
});

describe('convolutions of 3 × 3 between at least 32 channels', () => {
  const cases: Sizes[] = [
    { batch: 1, from: 32, to: 32, height: 8, width: 8 },
    { batch: 2, from: 33, to: 42, height: 14, width: 9 },
    { batch: 1, groups: 2, from: 35, to: 39, height: 13, width: 12, padding: 0 },
    { batch: 5, from: 32, to: 64, height: 7, width: 7 },
    { batch: 2, from: 40, to: 33, height: 9, width: 12, padding: 2 },
  ];

  test.each(cases)(
    '$from → $to, $batch images of $height × $width: near the reference, with any number of threads',
    async (sizes) => {
      // Sums of up to 400 products of numbers of size 1.
      await expectAlike(() => flat(sizes), 1.5e-4);
    },
  );

  test.each([NaN, Infinity, -Infinity])('%d reaches the outputs that see it, and no other', async (bad) => {
    const sizes = { batch: 1, from: 32, to: 33, height: 14, width: 14, bad };
    const shape = (values: number[]): number[] => values.map((value) => (Number.isFinite(value) ? 0 : value));
    const expected = shape(await on(reference, () => flat(sizes)));
    expect(expected.some((value) => value !== 0)).toBe(true);
    for (const [, three] of builds) expect(shape(await on(three, () => flat(sizes)))).toEqual(expected);
  });

  test.each([
    [32, 0.59],
    [64, 0.61],
    [128, 0.64],
  ])('the error between %i channels is less than %d millionths of the results', async (channels, most) => {
    const body = (): Tensor => flat({ batch: 1, from: channels, to: channels, height: 14, width: 14 });
    const expected = await on(reference, body);
    const plane = channels * 196;
    for (const [, three] of builds) {
      const found = await on(three, body);
      const error = (first: number, last: number): number => {
        const errors = found.map((value, at) => value - expected[at]!);
        return Math.sqrt(squares(errors.slice(first, last)) / squares(expected.slice(first, last)));
      };
      expect(1e6 * error(0, plane), 'output').toBeLessThan(most);
      expect(1e6 * error(plane, 2 * plane), 'gradient of the images').toBeLessThan(most);
      expect(1e6 * error(2 * plane, found.length), 'gradient of the filters').toBeLessThan(most);
    }
  });
});

const squares = (values: number[]): number => values.reduce((sum, value) => sum + value ** 2, 0);
