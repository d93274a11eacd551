import { describe, expect, test } from 'vitest';
import {
  arange,
  rand,
  randint,
  setDefaultDevice,
  type Tensor,
  tensor,
  where,
  WgradError,
} from '../../src/index.ts';
import { builds, expectAlike, on, reference } from './builds.ts';

const numbers = (shape: number[]): Tensor => rand(shape).sub(0.5);

/** x, the dim, and an index of x's rank. */
const gathered: Readonly<Record<string, () => [x: Tensor, dim: number, index: Tensor]>> = {
  rows: () => [numbers([37, 29]), 1, randint(0, 29, [37, 17])],
  columns: () => [numbers([91, 5]), 0, randint(0, 91, [203, 5])],
  'a vector': () => [numbers([9001]), 0, randint(0, 9001, [20_003])],
  'the middle axis': () => [numbers([3, 70, 11]), 1, randint(0, 70, [3, 81, 11])],
  'whole rows': () => [numbers([301, 19]), 0, randint(0, 301, [99, 1]).expand([99, 19])],
  'a transposed index': () => [numbers([80, 90]), 0, randint(0, 80, [90, 70]).t()],
};

describe.each(Object.entries(gathered))('%s by index', (_, make) => {
  test('are gathered', async () => {
    await expectAlike(() => {
      const [x, dim, index] = make();
      return x.gather(dim, index);
    }, 0);
  });

  test('are added in order, and rounded once', async () => {
    await expectAlike(() => {
      const [x, dim, index] = make();
      return x.gather(dim, index).scatterAdd(dim, index, x.shape[dim]!);
    }, 0);
  });
});

/** Numbers of a kind, of which some are NaN, -0 and infinite. */
const special = (shape: number[]): Tensor => {
  const x = numbers(shape);
  const places = randint(0, 29, shape);
  return where(places.eq(0), NaN, where(places.eq(1), -0, where(places.eq(2), -Infinity, x)));
};

describe.each(Object.entries(gathered))('%s by index', (_, make) => {
  test.each(['prod', 'amax', 'amin'] as const)(
    'are folded in order, and rounded once: %s',
    async (reduce) => {
      for (const includeSelf of [true, false]) {
        await expectAlike(() => {
          const [x, dim, index] = make();
          return x.scatterReduce(dim, index, x.gather(dim, index).mul(3), reduce, { includeSelf });
        }, 0);
      }
    },
  );

  test('the last one wins', async () => {
    await expectAlike(() => {
      const [x, dim, index] = make();
      return x.scatter(dim, index, numbers([...index.shape]));
    }, 0);
  });
});

test.each(['amax', 'amin', 'prod'] as const)('folds keep NaN, and the sign of 0: %s', async (reduce) => {
  for (const includeSelf of [true, false]) {
    const body = (): Tensor =>
      special([40, 9]).scatterReduce(0, randint(0, 40, [70, 9]), special([70, 9]), reduce, { includeSelf });
    const expected = await on(reference, body);
    for (const [one] of builds) expect(await on(one, body)).toEqual(expected);
  }
});

test.each(['amax', 'amin'] as const)('whole numbers are folded: %s', async (reduce) => {
  for (const includeSelf of [true, false]) {
    await expectAlike(() => {
      const values = randint(-(2 ** 31), 2 ** 31 - 1, [70, 9]);
      return randint(-9, 9, [40, 9]).scatterReduce(0, randint(0, 40, [70, 9]), values, reduce, {
        includeSelf,
      });
    }, 0);
  }
});

test('an index out of range is an error, of many as of few', () => {
  for (const [device] of builds) {
    setDefaultDevice(device);
    for (const wrong of [-1, 100]) {
      const index = tensor([...Array(99).keys(), wrong], { dtype: 'int32' });
      expect(() => rand([100]).gather(0, index)).toThrow(WgradError);
      expect(() => rand([100]).scatterAdd(0, index, 100)).toThrow(`from 0 to 99, got ${wrong}`);
      expect(() => rand([100]).scatter(0, index, 0)).toThrow(
        `scatter: takes indices from 0 to 99, got ${wrong}`,
      );
    }
  }
});

describe.each([
  [[41, 3], 1],
  [[43, 32], 1],
  [[6001, 5], 1],
  [[301, 47], 0],
  [[301, 3], 0],
  [[5, 7, 23], 1],
  [[3, 400, 2], 1],
  [[1, 1], 1],
] as const)('softmax of shape %j along dim %i', (shape, dim) => {
  test('and its logarithm', async () => {
    await expectAlike(
      () =>
        numbers([...shape])
          .mul(20)
          .softmax(dim),
      4e-7,
    );
    await expectAlike(
      () =>
        numbers([...shape])
          .mul(20)
          .logSoftmax(dim),
      4e-6,
    );
  });

  test('NaN and infinities stay in their rows', async () => {
    const body = (): Tensor => {
      const x = numbers([...shape]);
      const [first, last] = [x.argmin(), x.numel() - 1];
      const places = arange(x.numel(), { dtype: 'int32' }).reshape([...shape]);
      return where(places.eq(first), NaN, where(places.eq(last), Infinity, x))
        .softmax(dim)
        .isnan()
        .to('float32');
    };
    const expected = await on(reference, body);
    for (const [build] of builds) expect(await on(build, body)).toEqual(expected);
  });
});
