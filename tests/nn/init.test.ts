import { describe, expect, test } from 'vitest';
import { ArgumentError, nn, open, setDefaultDevice, ShapeError } from '../../src/index.ts';
import { initCases, otherInits } from './initCases.ts';

const cpu = await open('cpu');
setDefaultDevice(cpu);
const { init } = nn;

// Bounds of five standard errors: a seed that breaks them means a broken generator.
describe.each(Object.entries(initCases))('%s', (_, { make, mean, std, within, ends }) => {
  test('has the mean, the spread and the form of its distribution', async () => {
    const values = Array.from(await make(cpu).data());
    const size = values.length;
    const average = (of: (value: number) => number): number =>
      values.reduce((sum, value) => sum + of(value), 0) / size;
    const found = average((value) => value);
    expect(Math.abs(found - mean) / std).toBeLessThan(5 / Math.sqrt(size));
    const spread = Math.sqrt(average((value) => (value - mean) ** 2)) / std;
    expect(Math.abs(spread - 1)).toBeLessThan(5 / Math.sqrt(2 * size));
    const inside = average((value) => Number(Math.abs(value - mean) < std));
    expect(Math.abs(inside - within)).toBeLessThan((5 * 0.5) / Math.sqrt(size));
    if (ends) {
      const [low, high] = ends;
      const [least, most] = [Math.min(...values), Math.max(...values)];
      expect(least).toBeGreaterThanOrEqual(Math.fround(low));
      expect(most).toBeLessThanOrEqual(Math.fround(high));
      expect((least - low) / (high - low)).toBeLessThan(1e-3);
      expect((high - most) / (high - low)).toBeLessThan(1e-3);
    } else {
      expect(average((value) => ((value - mean) / std) ** 4)).toBeCloseTo(3, 0);
    }
  });
});

test.each([
  ['wide', [20, 5, 7], 1],
  ['tall', [35, 20], 2],
  ['square', [9, 9], 0.5],
  ['one row', [1, 4], 1],
])('orthogonal, %s: rows or columns are orthonormal, times gain', async (_, shape, gain) => {
  const [rows] = shape as [number];
  const x = init.orthogonal(shape, { gain, seed: 1 });
  expect(x.shape).toEqual(shape);
  const matrix = x.reshape([rows, -1]);
  const [, columns] = matrix.shape as [number, number];
  const product = rows <= columns ? matrix.matmul(matrix.t()) : matrix.t().matmul(matrix);
  const size = Math.min(rows, columns);
  const found = Array.from(await product.data());
  found.forEach((value, at) => {
    const wanted = Math.floor(at / size) === at % size ? gain * gain : 0;
    expect(Math.abs(value - wanted)).toBeLessThan(1e-5);
  });
});

test('initialised leaves require gradients when asked to, and nothing else is left', () => {
  const before = cpu.stats().buffersAlive;
  for (const make of [init.uniform, init.normal]) {
    const x = make([3], 0, 1, { requiresGrad: true });
    expect(x.isLeaf && x.requiresGrad).toBe(true);
    x.dispose();
  }
  for (const make of [init.kaimingNormal, init.xavierNormal, init.orthogonal]) {
    const x = make([3, 2], { requiresGrad: true, dtype: 'float64' });
    expect(x.isLeaf && x.requiresGrad).toBe(true);
    expect(x.dtype).toBe('float64');
    x.dispose();
  }
  expect(cpu.stats().buffersAlive - before).toBeLessThanOrEqual(1); // the number that uniform adds is kept
});

test('gains are PyTorch’s', () => {
  const found = (['linear', 'conv2d', 'sigmoid', 'tanh', 'relu', 'leakyRelu', 'selu'] as const).map((name) =>
    init.calculateGain(name),
  );
  expect(found).toEqual([1, 1, 1, 5 / 3, Math.sqrt(2), Math.sqrt(2 / (1 + 0.01 ** 2)), 0.75]);
  expect(init.calculateGain('leakyRelu', 0.2)).toBe(Math.sqrt(2 / (1 + 0.2 ** 2)));
  expect(() => init.calculateGain('swish' as 'relu')).toThrow(ArgumentError);
});

test('shapes and ranges that do not fit are refused', () => {
  for (const make of [
    init.kaimingUniform,
    init.kaimingNormal,
    init.xavierUniform,
    init.xavierNormal,
    init.orthogonal,
  ])
    expect(() => make([3])).toThrow(ShapeError);
  expect(() => init.uniform([3], 1, 1)).toThrow(ArgumentError);
  expect(() => init.normal([3], 0, -1)).toThrow(ArgumentError);
});

test('constants are what they say', async () => {
  expect(Array.from(await otherInits.constant!(cpu).data())).toEqual(new Array(6).fill(Math.fround(0.1)));
  expect(Array.from(await otherInits.zeros!(cpu).data())).toEqual(new Array(6).fill(0));
  expect(Array.from(await otherInits.ones!(cpu).data())).toEqual(new Array(6).fill(1));
});
