import { expect, test } from 'vitest';
import {
  ArgumentError,
  manualSeed,
  ones,
  open,
  rand,
  randint,
  randn,
  setDefaultDevice,
  type Tensor,
} from '../../src/index.ts';
import { philox4x32 } from '../../src/backend/philox.ts';
import { getRngState, setRngState, symmetricUniform } from '../../src/tensor/random.ts';
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

const SEEDS = [
  [0, 0],
  [1, 2 ** 32],
  [2 ** 32, 1],
  [2 ** 32 + 1, 0],
  [2 ** 53 - 1, 2 ** 53 - 1],
] as const;
const COUNT = 11;

/** The words of a seed and a stream. */
function wordsOf(seed: number, stream: number): number[] {
  const halves = (value: number): [number, number] => [value % 2 ** 32, Math.floor(value / 2 ** 32)];
  const blocks = [0, 1, 2].map((block) => philox4x32([block, 0, ...halves(stream)], halves(seed)));
  return blocks.flat().slice(0, COUNT);
}

test.each(SEEDS)('all numbers of seed %i and stream %i are as defined', async (seed, stream) => {
  const words = wordsOf(seed, stream);
  const source = { seed, stream };
  const read = async (x: Tensor): Promise<number[]> => Array.from(await x.data());
  const fractions = words.map((word) => Math.floor(word / 2 ** 8) * 2 ** -24);
  expect(await read(rand([COUNT], source))).toEqual(fractions);
  expect(await read(rand([COUNT], { ...source, dtype: 'float64' }))).toEqual(fractions);
  expect(await read(symmetricUniform([COUNT], 0.5, source))).toEqual(fractions.map((value) => value - 0.5));
  expect(await read(randint(-3, 1000, [COUNT], source))).toEqual(
    words.map((word) => -3 + Math.floor((word * 1003) / 2 ** 32)),
  );
  const normal = words.map((word, at) => {
    const [first, second] = at % 2 === 0 ? [word, words[at + 1]!] : [words[at - 1]!, word];
    const radius = Math.sqrt(-2 * Math.log((first + 1) / 2 ** 32));
    const angle = (2 * Math.PI * second) / 2 ** 32;
    return radius * (at % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
  });
  const found = await read(randn([COUNT], { ...source, dtype: 'float64' }));
  // The last one's partner is not drawn.
  found.slice(0, COUNT - 1).forEach((value, at) => expect(value).toBeCloseTo(normal[at]!, 13));
  for (const p of [0.3, 0.5, 2 ** -24, 1 - 2 ** -24]) {
    const dropped = await read(ones([COUNT], { dtype: 'float64' }).dropout(p, true, source));
    expect(dropped.map((value) => value === 0)).toEqual(fractions.map((value) => value < p));
  }
});

test('a state continues where it was taken, and a wrong one changes nothing', async () => {
  manualSeed(7);
  rand([2]);
  const state = getRngState();
  expect(state).toEqual({ seed: 7, stream: 1 });
  const next = [await bitsOf(rand([3])), await bitsOf(randn([3])), await bitsOf(randint(9, [3]))];
  expect(getRngState()).toEqual({ seed: 7, stream: 4 });
  manualSeed(8);
  setRngState(state);
  expect([await bitsOf(rand([3])), await bitsOf(randn([3])), await bitsOf(randint(9, [3]))]).toEqual(next);
  for (const wrong of [
    { seed: 1, stream: -1 },
    { seed: 1, stream: 0.5 },
    { seed: 1, stream: 2 ** 53 },
    { seed: -1, stream: 0 },
    { seed: NaN, stream: 0 },
  ])
    expect(() => setRngState(wrong)).toThrow(ArgumentError);
  expect(getRngState()).toEqual({ seed: 7, stream: 4 });
  setRngState({ seed: 2 ** 53 - 1, stream: 2 ** 53 - 1 });
  expect(getRngState()).toEqual({ seed: 2 ** 53 - 1, stream: 2 ** 53 - 1 });
  manualSeed(0);
});

test('a named stream draws none of the seed’s', async () => {
  manualSeed(3);
  const first = await bitsOf(rand([4]));
  manualSeed(3);
  for (const draw of [rand, randn]) draw([4], { stream: 9 });
  randint(5, [4], { stream: 9 });
  ones([4]).dropout(0.5, true, { stream: 9 });
  expect(await bitsOf(rand([4]))).toBe(first);
  // A seed of its own takes the next stream.
  expect(await bitsOf(rand([4], { seed: 3, stream: 1 }))).toBe(await bitsOf(rand([4], { seed: 3 })));
  expect(getRngState()).toEqual({ seed: 3, stream: 2 });
  manualSeed(0);
});
