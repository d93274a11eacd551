import { expect, test } from 'vitest';
import { manualSeed, open, rand, randint, randn, setDefaultDevice, type Tensor } from '../../src/index.ts';
import { bitsOf } from './randomCases.ts';

const cpu = await open('cpu');
setDefaultDevice(cpu);

const SIZE = 40_000;

async function moments(x: Tensor): Promise<{ mean: number; variance: number; least: number; most: number }> {
  const data = Array.from(await x.data());
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const variance = data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length;
  const [least, most] = [Math.min(...data), Math.max(...data)];
  return { mean, variance, least, most };
}

// Bounds of five standard errors: a seed that breaks them means a broken generator.
test('rand is uniform on [0, 1)', async () => {
  const { mean, variance, least, most } = await moments(rand([SIZE], { seed: 1 }));
  expect(Math.abs(mean - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / SIZE));
  expect(variance).toBeCloseTo(1 / 12, 2);
  expect(least).toBeGreaterThanOrEqual(0);
  expect(least).toBeLessThan(1e-3);
  expect(most).toBeLessThan(1);
  expect(most).toBeGreaterThan(1 - 1e-3);
});

test('randn is normal', async () => {
  const x = randn([SIZE], { seed: 1 });
  const { mean, variance } = await moments(x);
  expect(Math.abs(mean)).toBeLessThan(5 / Math.sqrt(SIZE));
  expect(Math.abs(variance - 1)).toBeLessThan(5 * Math.sqrt(2 / SIZE));
  const within = Array.from(await x.data()).filter((value) => Math.abs(value) < 1).length / SIZE;
  expect(Math.abs(within - 0.6827)).toBeLessThan(0.012);
});

test('randint takes every number of its range about equally often', async () => {
  const counts = new Map<number, number>();
  for (const value of await randint(-3, 4, [SIZE], { seed: 1 }).data())
    counts.set(value, (counts.get(value) ?? 0) + 1);
  expect([...counts.keys()].sort((left, right) => left - right)).toEqual([-3, -2, -1, 0, 1, 2, 3]);
  for (const count of counts.values())
    expect(Math.abs(count - SIZE / 7)).toBeLessThan(5 * Math.sqrt(SIZE / 7));
});

test('the same seed gives the same numbers, another stream others', async () => {
  const draw = (seed: number, stream: number): Promise<string> => bitsOf(rand([8], { seed, stream }));
  expect(await draw(1, 2)).toBe(await draw(1, 2));
  expect(await draw(1, 2)).not.toBe(await draw(1, 3));
  expect(await draw(1, 2)).not.toBe(await draw(2, 2));
  manualSeed(5);
  const first = await bitsOf(randn([8]));
  expect(await bitsOf(randn([8]))).not.toBe(first);
  manualSeed(5);
  expect(await bitsOf(randn([8]))).toBe(first);
});

test('random leaves require gradients when asked to', () => {
  for (const make of [rand, randn]) expect(make([2], { requiresGrad: true }).isLeaf).toBe(true);
  expect(rand([2], { requiresGrad: true, dtype: 'float64' }).requiresGrad).toBe(true);
  expect(randint(0, 2, [2], { requiresGrad: true, dtype: 'float32' }).requiresGrad).toBe(true);
});
