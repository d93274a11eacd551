import { describe, expect, test } from 'vitest';
import { openCpu } from '../../src/backend/cpu/cpu.ts';
import type { NllLossOptions } from '../../src/ops/nllLoss.ts';
import {
  cat,
  manualSeed,
  nn,
  open,
  rand,
  randint,
  setDefaultDevice,
  type Tensor,
  tensor,
  where,
  zeros,
} from '../../src/index.ts';

const fast = await openCpu({ threads: 1 });
const reference = await open('cpu', { reference: true });

const integers = [0, 1, -1, 2, -3, 7, 2 ** 31 - 1, -(2 ** 31), 123_456_789, -65_537];
/** Around every rounding of float16: ties, the end of its range, its subnormal numbers. */
const floats = [
  ...[0, -0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999997, -1.2, 3.999, NaN, Infinity, -Infinity, 1e-45, -1e-30],
  ...[2 ** 31, -(2 ** 31), 2 ** 31 - 128, 3e9, -3e9, 8388609, 3e38, -3e38, 65519.99, 65520, -65520, 65504],
  ...Array.from({ length: 400 }, (_, at) => (1 + at / 4096) * 2 ** ((at % 50) - 30) * (at % 2 ? 1 : -1)),
  ...Array.from({ length: 64 }, (_, at) => (at + 0.5) * 2 ** -24),
  ...Array.from({ length: 64 }, (_, at) => at * 2 ** -25),
];

/** Asserts that WebAssembly computes the same bits as the plain twin. */
async function expectEqual(body: () => Tensor): Promise<void> {
  setDefaultDevice(reference);
  const expected = await body().data();
  setDefaultDevice(fast);
  expect(await body().data()).toEqual(expected);
}

/** Asserts that two threads compute the same bits as one. */
async function expectSameOfTwoThreads(body: () => Tensor): Promise<void> {
  const two = await openCpu({ threads: 2 });
  setDefaultDevice(two);
  const found = await body().data();
  setDefaultDevice(fast);
  expect(await body().data()).toEqual(found);
  two.destroy();
}

const whole = (values: number[] = integers): Tensor => tensor(values, { dtype: 'int32' });
const truth = (...values: boolean[]): Tensor => tensor(values.map(Number), { dtype: 'int32' }).to('bool');

describe('whole numbers in WebAssembly', () => {
  const operations: Record<string, (a: Tensor, b: Tensor | number) => Tensor> = {
    add: (a, b) => a.add(b),
    sub: (a, b) => a.sub(b),
    mul: (a, b) => a.mul(b),
    maximum: (a, b) => a.maximum(b),
    minimum: (a, b) => a.minimum(b),
    eq: (a, b) => a.eq(b),
    ne: (a, b) => a.ne(b),
    lt: (a, b) => a.lt(b),
    le: (a, b) => a.le(b),
    gt: (a, b) => a.gt(b),
    ge: (a, b) => a.ge(b),
    pow: (a, b) => a.pow(b),
    floorDivide: (a, b) => a.maximum(-1000).minimum(1000).floorDivide(b),
  };

  test.each(Object.entries(operations))('%s of pairs, with broadcasting', async (name, operation) => {
    await expectEqual(() => operation(whole().unsqueeze(1), whole(integers.map((value) => value || 5))));
    if (name !== 'pow') await expectEqual(() => operation(whole(), -3));
  });

  test('relations of float32: greater ones are smaller ones of the others', async () => {
    for (const relation of ['gt', 'ge', 'lt', 'le'] as const) {
      await expectEqual(() =>
        tensor(floats.slice(0, 20))
          .unsqueeze(1)
          [relation](tensor(floats.slice(0, 20))),
      );
    }
  });

  test('truth values: logic, relations with numbers, and sums', async () => {
    setDefaultDevice(fast);
    const [a, b] = [truth(true, true, false, false), truth(true, false, true, false)];
    const bits = async (x: Tensor): Promise<string> => [...(await x.data())].join('');
    expect(await bits(a.logicalAnd(b))).toBe('1000');
    expect(await bits(a.logicalOr(b))).toBe('1110');
    expect(await bits(a.logicalXor(b))).toBe('0110');
    expect(await bits(a.logicalNot())).toBe('0011');
    expect(await bits(a.eq(1))).toBe('1100');
    expect(await bits(a.lt(2))).toBe('1111');
    expect(await bits(a.gt(0.5))).toBe('1100');
    expect(await bits(a.ge(whole([1, 2, 0, -1])))).toBe('1011');
    expect(await bits(a.logicalAnd(2))).toBe('1100');
    expect([await a.any().item(), await a.all().item()]).toEqual([1, 0]);
  });
});

describe('truth values in WebAssembly', () => {
  const [rows, columns] = [37, 131];
  const numbers = (): Tensor => rand([rows, columns], { seed: 5, stream: 1 });
  const layouts: Record<string, () => [Tensor, Tensor]> = {
    'in order': () => [numbers().gt(0.5), numbers().lt(0.7)],
    transposed: () => [numbers().gt(0.5).t(), numbers().lt(0.7).t()],
    'of two layouts': () => [numbers().gt(0.5), rand([columns, rows], { seed: 2, stream: 2 }).lt(0.7).t()],
    'broadcast rows': () => [numbers().gt(0.5), numbers().lt(0.7).slice([3, 4])],
    'broadcast columns': () => [numbers().gt(0.5), numbers().lt(0.7).slice(null, [5, 6])],
    'with gaps, at an offset': () =>
      [numbers().gt(0.5), numbers().lt(0.7)].map((x) => x.slice([1, null], [3, null, 2])) as [Tensor, Tensor],
    'a scalar': () => [numbers().gt(0.5), numbers().lt(0.7).at(3, 4)],
    'short rows': () => [
      numbers().flatten().slice([0, 4800]).reshape(-1, 6).gt(0.5),
      tensor([[true], [false]]).at(0),
    ],
    empty: () => [numbers().slice([0, 0]).gt(0.5), numbers().slice([0, 0]).lt(0.7)],
  };

  test.each(Object.entries(layouts))('logic, choices and conversions, %s', async (_, make) => {
    for (const operation of ['logicalAnd', 'logicalOr', 'logicalXor', 'eq', 'ne', 'lt', 'ge'] as const) {
      await expectEqual(() => {
        const [a, b] = make();
        return a[operation](b);
      });
    }
    await expectEqual(() => make()[0].logicalNot());
    await expectEqual(() => where(make()[1], numbers().at(0, 0), make()[0].to('float32')));
    await expectEqual(() => where(make()[1], make()[0], make()[0].logicalNot()));
    await expectEqual(() => make()[0].to('int32'));
    await expectEqual(() => make()[1].contiguous());
    await expectEqual(() => make()[0].any(0));
  });

  test('take part in relations with numbers other than 0 and 1', async () => {
    for (const value of [-1, 0, 1, 2, 0.5]) await expectEqual(() => numbers().gt(0.5).eq(value));
  });

  test('two threads compute the bits of one', async () => {
    await expectSameOfTwoThreads(() => {
      const x = rand([1001, 1003], { seed: 3, stream: 1 });
      return x
        .gt(0.5)
        .logicalXor(x.lt(0.75))
        .logicalAnd(x.slice(null, [7, 8]).gt(0.2));
    });
  });
});

describe('nllLoss in WebAssembly', () => {
  const layouts: Record<string, [shape: number[], layout: (x: Tensor) => Tensor]> = {
    'rows of 8': [[1001, 8], (x) => x],
    'one class': [[70, 1], (x) => x],
    images: [[5, 4, 6, 7], (x) => x],
    transposed: [[9, 300], (x) => x.t()],
    'with gaps': [[60, 26], (x) => x.slice([1, null], [null, null, 2])],
    'no rows': [[0, 4], (x) => x],
  };

  const lossAndGradient = (
    [shape, layout]: [number[], (x: Tensor) => Tensor],
    options: NllLossOptions,
  ): Tensor => {
    const leaf = rand(shape, { seed: 9, stream: 1, requiresGrad: true });
    const x = layout(leaf);
    const [rows, classes, ...rest] = x.shape as [number, number, ...number[]];
    const target = randint(0, classes, [rows, ...rest], { seed: 4, stream: 2 });
    const loss = nn.functional.nllLoss(x, target, options);
    loss.sum().backward();
    return cat([loss.detach().flatten(), leaf.grad!.flatten()]);
  };

  test.each(Object.entries(layouts))('%s', async (_, layout) => {
    const classes = layout[1](zeros(layout[0])).shape[1]!;
    for (const reduction of ['none', 'sum'] as const) {
      await expectEqual(() => lossAndGradient(layout, { reduction }));
      await expectEqual(() => lossAndGradient(layout, { reduction, ignoreIndex: 1 }));
      await expectEqual(() =>
        lossAndGradient(layout, { reduction, weight: rand([classes], { seed: 1, stream: 3 }) }),
      );
    }
  });

  test('reads nothing but the classes: NaN elsewhere does not spread', async () => {
    setDefaultDevice(fast);
    const x = tensor(
      [
        [NaN, -1],
        [-2, NaN],
        [NaN, NaN],
      ],
      { requiresGrad: true },
    );
    const loss = nn.functional.nllLoss(x, whole([1, 0, -100]), { reduction: 'sum' });
    loss.backward();
    expect(await loss.item()).toBe(3);
    expect([...(await x.grad!.data())]).toEqual([0, -1, -1, 0, 0, 0]);
    expect(await nn.functional.nllLoss(x, whole([0, 0, 0])).item()).toBeNaN();
  });

  test('two threads compute the bits of one', async () => {
    await expectSameOfTwoThreads(() => lossAndGradient([[40_001, 8], (x) => x], { reduction: 'mean' }));
  });
});

describe('remainders and floored quotients in WebAssembly', () => {
  const numbers = [
    ...[0, -0, 1, -1, 0.1, -0.1, 3, -7.5, 1e-45, -1e-45, 1e-30, 16777215, 2 ** 28, 2 ** 29 + 64, -(2 ** 40)],
    ...[1e30, -3e38, 3.4028234e38, Infinity, -Infinity, NaN, 0.3333333432674408, 1 - 2 ** -24, 6.25],
  ];

  test.each(['remainder', 'floorDivide'] as const)('%s of all pairs, exactly', async (name) => {
    await expectEqual(() => tensor(numbers).unsqueeze(1)[name](tensor(numbers)));
    await expectEqual(() => tensor(numbers)[name](0.3));
    await expectEqual(() => {
      const [a, b] = [1, 2].map((stream) => rand([997], { seed: 1, stream }).sub(0.5).mul(1000));
      return a![name](b!.mul(0.01));
    });
  });
});

describe('conversions in WebAssembly', () => {
  test.each(['int32', 'bool', 'float16'] as const)('float32 to %s', async (dtype) => {
    await expectEqual(() => tensor(floats).to(dtype));
    await expectEqual(() => tensor(floats).slice([3, null, 2]).to(dtype));
  });

  test.each(['int32', 'bool', 'float32'] as const)('int32 and bool to %s', async (dtype) => {
    await expectEqual(() => whole().to(dtype));
    await expectEqual(() => whole().slice([1, null]).to('bool').to(dtype));
  });
});

describe('rounding in WebAssembly', () => {
  test.each(['ceil', 'floor', 'round', 'trunc'] as const)('%s, with the sign of zero', async (name) => {
    await expectEqual(() => tensor(floats)[name]());
  });
});

describe('random numbers in WebAssembly', () => {
  const seed = 2 ** 40 + 7;

  test.each([1, 16, 37, 50_003])('%i numbers and integers', async (size) => {
    await expectEqual(() => rand(size, { seed, stream: 3 }));
    await expectEqual(() => {
      manualSeed(seed);
      return new nn.Linear(size, 1).weight;
    });
    for (const [low, high] of [
      [0, 10],
      [-(2 ** 31), 2 ** 31 - 1],
      [-5, -4],
    ] as const) {
      await expectEqual(() => randint(low, high, [size], { seed, stream: 2 ** 33 }));
    }
  });

  test('dropout', async () => {
    await expectEqual(() => nn.functional.dropout(tensor(floats), { p: 0.5, seed, stream: 1 }));
  });
});
