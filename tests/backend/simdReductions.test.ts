import { describe, expect, test } from 'vitest';
import { cat, rand, type Tensor, tensor } from '../../src/index.ts';
import { builds, expectAlike, on, reference } from './builds.ts';

const numbers = (shape: number[]): Tensor => rand(shape).sub(0.5);

/** Every layout of the reduced and the kept axes: adjacent rows, adjacent columns, neither; long, short and odd ones. */
const layouts: Readonly<Record<string, [x: () => Tensor, dims: number | number[]]>> = {
  'all, in chunks': [() => numbers([20_011]), 0],
  rows: [() => numbers([19, 301]), 1],
  'rows of 3': [() => numbers([41, 3]), 1],
  'rows of 4': [() => numbers([43, 4]), 1],
  'rows of 7, in many tasks': [() => numbers([6001, 7]), 1],
  'rows of 33': [() => numbers([9, 33]), 1],
  columns: [() => numbers([301, 47]), 0],
  'two columns': [() => numbers([91, 2]), 0],
  'five columns, in chunks': [() => numbers([9001, 5]), 0],
  'the middle axis': [() => numbers([11, 5, 23]), 1],
  'the outer axes': [() => numbers([7, 5, 9, 3]), [0, 2, 3]],
  'the inner axes': [() => numbers([7, 5, 3, 11]), [0, 2]],
  'every other column': [() => numbers([13, 38]).slice(null, [0, 38, 2]), 1],
  'expanded rows': [() => numbers([13, 1]).expand([13, 8]), 1],
  'three axes of a permutation': [() => numbers([4, 6, 8, 10]).permute([3, 1, 0, 2]), [0, 1]],
};

describe.each(Object.entries(layouts))('%s', (_, [x, dims]) => {
  test.each(['amax', 'amin'] as const)('%s is exact', async (name) => {
    await expectAlike(() => x()[name](dims), 0);
  });

  test('sum is rounded once', async () => {
    await expectAlike(() => x().sum(dims), 4e-6);
  });

  test('prod is rounded once', async () => {
    // Close to 1, so that products of many stay finite.
    await expectAlike(
      () =>
        x()
          .mul(0.01)
          .add(1)
          .prod(typeof dims === 'number' ? dims : dims[0]!),
      4e-6,
    );
  });

  test.each(['argmax', 'argmin'] as const)('%s takes the first', async (name) => {
    const along = typeof dims === 'number' ? dims : dims[0]!;
    // Few different values: many are equal.
    await expectAlike(() => x().mul(6).floor()[name](along), 0);
  });
});

describe('NaN, infinities and zeros', () => {
  const special = [1, NaN, 3, Infinity, -Infinity, NaN, 0, -0, 5, 5, -7, 2, 2, 2, NaN, 9, 8];
  const all = [...special, ...special.toReversed(), ...special.map((value) => value || 4)];
  test.each([
    [[1, 51], 1],
    [[51, 1], 0],
    [[17, 3], 1],
    [[17, 3], 0],
    [[3, 17], 1],
    [[3, 17], 0],
  ] as const)('shape %j, dim %i', async (shape, dim) => {
    const body = (): Tensor => {
      const x = tensor(all, { shape });
      const results = [x.amax(dim), x.amin(dim), x.argmax(dim), x.argmin(dim), x.sum(dim), x.prod(dim)];
      return cat(results.map((each) => each.to('float32')));
    };
    const expected = await on(reference, body);
    for (const [build] of builds) {
      const found = await on(build, body);
      expect(found.map((value) => value + 0)).toEqual(expected.map((value) => value + 0));
    }
  });
});
