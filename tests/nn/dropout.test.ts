import { expect, test } from 'vitest';
import { manualSeed, nn, open, rand, randn } from '../../src/index.ts';

const cpu = await open('cpu');
const origin = { seed: 11, stream: 4 };

test('drops where rand is less than p, and scales the rest', async () => {
  const x = randn([37, 13], { seed: 1, device: cpu });
  for (const p of [0.1, 0.5, 0.9]) {
    const dropped = await x.dropout({ p, ...origin }).data();
    const [uniform, given] = [await rand(x.shape, { ...origin, device: cpu }).data(), await x.data()];
    dropped.forEach((value, index) => {
      if (uniform[index]! < p) expect(value).toBeCloseTo(0, 10);
      else expect(value).toBeCloseTo(given[index]! / (1 - p), 5);
    });
  }
});

test('backward drops the same elements, without a mask kept', async () => {
  const x = randn([64, 7], { seed: 1, device: cpu, requiresGrad: true });
  const before = cpu.stats().bytesAlive;
  const y = x.dropout({ p: 0.3 });
  expect(cpu.stats().bytesAlive - before).toBe(64 * 7 * 4);
  y.sum().backward();
  const [gradient, values, given] = [await x.grad!.data(), await y.data(), await x.data()];
  gradient.forEach((slope, index) => expect(slope * given[index]!).toBeCloseTo(values[index]!, 6));
});

test('draws from another stream each time, and from the same after manualSeed', async () => {
  const layer = new nn.Dropout(0.5);
  const x = randn([100], { seed: 2, device: cpu });
  manualSeed(3);
  const first = await layer.forward(x).data();
  expect(await layer.forward(x).data()).not.toEqual(first);
  manualSeed(3);
  expect(await layer.forward(x).data()).toEqual(first);
  for (const idle of [layer.eval(), new nn.Dropout(0)]) {
    const same = idle.forward(x);
    expect(same.storage).toBe(x.storage);
    same.dispose();
    expect(x.freed).toBe(false);
  }
});

test('takes probabilities alone', async () => {
  const x = randn([3], { seed: 2, device: cpu });
  expect((await x.dropout({ p: 1 }).data()).map(Math.abs)).toEqual(new Float32Array(3));
  expect(() => x.dropout({ p: 1.1 })).toThrow('0 ≤ p ≤ 1');
  expect(() => x.dropout({ p: NaN })).toThrow('0 ≤ p ≤ 1');
});
