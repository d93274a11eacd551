import { expect, it, type TestContext } from 'vitest';
import {
  ArgumentError,
  type Backend,
  full,
  manualSeed,
  multinomial,
  normal,
  ones,
  randperm,
  setDefaultDevice,
  ShapeError,
  tensor,
  type Tensor,
  where,
} from '../../src/index.ts';

/** Results whose sizes or values depend on data and on random numbers, on a device. */
export function drawsSuite(open: (context: TestContext) => Promise<Backend>): void {
  const test = (name: string, body: () => Promise<void>): void => {
    it(name, async (context) => {
      setDefaultDevice(await open(context));
      manualSeed(5);
      await body();
    });
  };
  const arrays = (all: readonly Tensor[]): Promise<unknown[]> =>
    Promise.all(all.map((each) => each.toArray()));

  test('randperm has each number once, in an order that its seed and stream fix', async () => {
    const values = [...(await randperm(1000).data())];
    expect(values.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, index) => index));
    expect([...(await randperm(1000).data())]).not.toEqual(values);
    expect([...(await randperm(1000, { seed: 5, stream: 0 }).data())]).toEqual(values);
    expect(await randperm(5, { seed: 3, stream: 1 }).toArray()).toEqual([0, 3, 2, 1, 4]);
    expect(randperm(3, { dtype: 'float32', requiresGrad: true })).toMatchObject({
      dtype: 'float32',
      requiresGrad: true,
    });
    expect(await randperm(0).toArray()).toEqual([]);
  });

  test('multinomial draws in proportion to the weights, with replacement', async () => {
    const drawn = [...(await tensor([0, 3, 0, 1, 0]).multinomial(4000, true).data())];
    expect([...new Set(drawn)].toSorted()).toEqual([1, 3]);
    // Five standard deviations of 4000 draws.
    expect(Math.abs(drawn.filter((each) => each === 1).length - 3000)).toBeLessThan(137);
    const rows = multinomial(
      tensor([
        [1, 0],
        [0, 2],
      ]),
      5,
      { replacement: true },
    );
    expect(await rows.toArray()).toEqual([
      [0, 0, 0, 0, 0],
      [1, 1, 1, 1, 1],
    ]);
    expect(rows.dtype).toBe('int32');
  });

  test('multinomial draws each index once without replacement', async () => {
    const all = [...(await ones(50).multinomial(50).data())];
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    const firsts = [
      ...(await full([2000, 2], 1)
        .mul(tensor([1, 3]))
        .multinomial(1)
        .data()),
    ];
    expect(Math.abs(firsts.filter((each) => each === 1).length - 1500)).toBeLessThan(97);
    expect(await tensor([0, 1, 0, 1]).multinomial(2, { seed: 1, stream: 2 }).sort().at(0)!.toArray()).toEqual(
      [1, 3],
    );
    expect(() => tensor([1, 1]).multinomial(3)).toThrow(ShapeError);
    expect(() => tensor(1).multinomial(1)).toThrow(ShapeError);
  });

  test('normal takes numbers and tensors', async () => {
    const mean = await normal(3, 2, [4000]).mean().item();
    expect(Math.abs(mean - 3)).toBeLessThan(0.16);
    const means = tensor([[1], [100]], { requiresGrad: true });
    const drawn = normal(means, tensor([0, 0, 0]));
    expect(await drawn.toArray()).toEqual([
      [1, 1, 1],
      [100, 100, 100],
    ]);
    expect(drawn.requiresGrad).toBe(false);
    expect(normal(means, 1, { requiresGrad: true }).requiresGrad).toBe(true);
    expect(() => normal(0, 1)).toThrow(ArgumentError);
    expect(() => normal(means, 1, [2])).toThrow(ArgumentError);
  });

  test('unique gives distinct elements in order, their places and their numbers', async () => {
    const x = tensor([
      [3, 1, 3],
      [-0, 0, 1],
    ]);
    expect(await (await x.unique()).toArray()).toEqual([0, 1, 3]);
    expect(await arrays(await x.unique({ returnInverse: true, returnCounts: true }))).toEqual([
      [0, 1, 3],
      [
        [2, 1, 2],
        [0, 0, 1],
      ],
      [2, 2, 2],
    ]);
    expect(await arrays(await x.unique({ returnCounts: true }))).toEqual([
      [0, 1, 3],
      [2, 2, 2],
    ]);
    const odd = tensor([NaN, 1, NaN, -Infinity]);
    expect(await arrays(await odd.unique({ returnInverse: true }))).toEqual([
      [-Infinity, 1, NaN, NaN],
      [2, 1, 3, 0],
    ]);
    for (const dtype of ['int32', 'bool', 'uint8'] as const) {
      const values = await tensor([1, 0, 1], { dtype }).unique();
      expect([values.dtype, await values.toArray()]).toEqual([dtype, [0, 1]]);
    }
    expect(await (await tensor([]).unique()).toArray()).toEqual([]);
  });

  test('where gives the places of a condition alone', async () => {
    expect(
      await arrays(
        await where(
          tensor([
            [true, false],
            [true, true],
          ]),
        ),
      ),
    ).toEqual([
      [0, 1, 1],
      [0, 0, 1],
    ]);
    expect(await arrays(await where(tensor([false])))).toEqual([[]]);
  });

  test('where takes numbers on both sides', async () => {
    const chosen = where(tensor([true, false]), 1, -0.5);
    expect([chosen.dtype, await chosen.toArray()]).toEqual(['float32', [1, -0.5]]);
  });
}
