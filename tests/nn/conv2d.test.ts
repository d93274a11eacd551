import { expect, test } from 'vitest';
import { manualSeed, nn, open, rand, setDefaultDevice } from '../../src/index.ts';

setDefaultDevice(await open('cpu'));

test('parameters have the shapes and names of PyTorch, and start within ±1 / √fanIn', async () => {
  manualSeed(1);
  const layer = new nn.Conv2d(6, 4, [3, 5], { groups: 2 });
  const { weight, bias, ...rest } = layer.stateDict();
  expect(rest).toEqual({});
  expect(weight!.shape).toEqual([4, 3, 3, 5]);
  expect(bias!.shape).toEqual([4]);
  const bound = 1 / Math.sqrt(3 * 3 * 5);
  for (const parameter of [weight!, bias!]) {
    expect(parameter.requiresGrad).toBe(true);
    const values = Array.from(await parameter.data());
    const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
    expect(most).toBeLessThanOrEqual(bound);
    expect(most).toBeGreaterThan(bound / 4);
  }
});

test.each<[make: () => nn.Module, fanIn: number]>([
  [() => new nn.Conv2d(64, 64, 1, { groups: 64 }), 1],
  [() => new nn.Conv2d(32, 64, 3, { groups: 4 }), 8 * 9],
  [() => new nn.Conv2d(16, 64, [1, 3]), 16 * 3],
  [() => new nn.Linear(20, 64), 20],
])('weight and bias fill the range ±1 / √fanIn: case %#', async (make, fanIn) => {
  manualSeed(3);
  const { weight, bias } = make().stateDict();
  for (const parameter of [weight!, bias!]) {
    const most = Math.max(...(await parameter.data()).map(Math.abs)) * Math.sqrt(fanIn);
    expect(most).toBeLessThanOrEqual(1);
    expect(most).toBeGreaterThan(0.9);
  }
});

test('forward is conv2d with the options given', async () => {
  const options = { stride: [2, 1], padding: 1, dilation: [1, 2], groups: 2 } as const;
  const layer = new nn.Conv2d(4, 6, 3, options);
  const x = rand([2, 4, 7, 8]);
  const expected = nn.functional.conv2d(x, layer.weight, layer.bias, options);
  const found = layer.forward(x);
  expect(found.shape).toEqual([2, 6, 4, 6]);
  expect(await found.data()).toEqual(await expected.data());
});

test('no bias where none is asked for', () => {
  const layer = new nn.Conv2d(1, 2, 3, { bias: false });
  expect(Object.keys(layer.stateDict())).toEqual(['weight']);
  expect(layer.forward(rand([1, 1, 3, 3])).shape).toEqual([1, 2, 1, 1]);
});

test('sizes that do not go together', () => {
  expect(() => new nn.Conv2d(3, 4, 3, { groups: 2 })).toThrowErrorMatchingInlineSnapshot(`
    [ArgumentError: Conv2d: invalid size
      takes  positive integers, and channels that are multiples of groups
      got    inChannels 3, outChannels 4, kernelSize 3, groups 2]
  `);
  expect(() => new nn.Conv2d(0, 4, 3)).toThrow('Conv2d: invalid size');
  expect(() => new nn.Conv2d(1, 4, [3, 0])).toThrow('Conv2d: invalid size');
});

test("padding 'same' takes no stride, whatever it consists of", () => {
  const options = { padding: 'same', stride: 2, paddingMode: 'reflect' } as const;
  for (const make of [() => new nn.Conv2d(1, 1, 3, options), () => new nn.Conv1d(1, 1, 3, options)])
    expect(make).toThrow("stride 1 with padding 'same'");
  expect(() => new nn.Conv1d(1, 1, 3, { padding: -1, paddingMode: 'circular' })).toThrow('integers ≥ 0');
});
