import { expect, test } from 'vitest';
import { crossEntropy, ones, open, rand, tensor, zeros } from '../../src/index.ts';
import { webgpuOrSkip } from '../adapter.ts';
import { bitsOf, exactTensors } from './randomCases.ts';

const cpu = await open('cpu');

for (const [name, make] of Object.entries(exactTensors)) {
  test(`${name} has the same bits on WebGPU and the CPU`, async (context) => {
    const webgpu = await webgpuOrSkip(context);
    expect(await bitsOf(make(webgpu))).toBe(await bitsOf(make(cpu)));
  });
}

test('float64 is refused', async (context) => {
  const device = await webgpuOrSkip(context);
  expect(() => zeros([2], { dtype: 'float64', device })).toThrow('takes  float64 on the CPU backend only');
});

test('indices out of range give NaN, and reach no other memory', async (context) => {
  const device = await webgpuOrSkip(context);
  const index = tensor([0, 3, -1], { dtype: 'int32', device });
  const x = tensor([1, 2, 3], { device });
  expect(Array.from(await x.gather(0, index).data())).toEqual([1, NaN, NaN]);
  expect(Array.from(await x.scatterAdd(0, index, 3).data())).toEqual([1, 0, 0]);
  const square = ones([2, 3], { device });
  const rows = tensor([0, 1, 0], { dtype: 'int32', device });
  expect(Array.from(await square.at(rows, index).data())).toEqual([1, NaN, NaN]);
  expect(Array.from(await square.indexPut([rows, index], 7).data())).toEqual([7, 1, 1, 1, 1, 1]);
  const losses = crossEntropy(zeros([3, 2], { device }), index, { reduction: 'none' });
  expect(Array.from(await losses.data()).map(Number.isNaN)).toEqual([false, true, true]);
});

test('more outputs than one row of workgroups', async (context) => {
  const device = await webgpuOrSkip(context);
  const x = rand([4_200_000, 2], { seed: 1, stream: 1, device });
  const reference = rand([4_200_000, 2], { seed: 1, stream: 1, device: cpu });
  for (const reduce of [
    (t: typeof x) => t.amax(1),
    (t: typeof x) => t.argmax(1),
    (t: typeof x) => t.add(1).slice([4_199_000, null]),
  ]) {
    expect(await bitsOf(reduce(x))).toBe(await bitsOf(reduce(reference)));
  }
});
