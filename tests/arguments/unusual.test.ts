import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import {
  ArgumentError,
  cat,
  grad,
  nn,
  ones,
  open,
  optim,
  setDefaultDevice,
  stack,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';

setDefaultDevice(await open('cpu'));

// Node's `vm`, frames and Jest's environment have an Object.prototype of their own.
test('options and states of another realm are taken', async () => {
  const options = runInNewContext('({ dim: 0, keepdim: true })') as { dim: number; keepdim: boolean };
  const x = tensor([
    [1, 2],
    [3, 4],
  ]);
  expect(await x.sum(options).toArray()).toEqual([[4, 6]]);
  const linear = new nn.Linear(1, 1);
  const state = runInNewContext('({})') as Record<string, Tensor>;
  Object.assign(state, { weight: tensor([[5]]), bias: tensor([6]) });
  linear.loadStateDict(state);
  expect(await linear.weight.item()).toBe(5);
  expect(() => x.sum(runInNewContext('[]') as number[])).not.toThrow();
  expect(() => x.sum(runInNewContext('new Map()') as number)).toThrow(ArgumentError);
});

test('sizes one after the other may end with nothing in place of options, where there are any', () => {
  const x = ones([2, 3]);
  const call = (...given: unknown[]): number[] => [...x.reshape(...(given as number[])).shape];
  const nothing = JSON.parse('null') as number;
  expect(call(3, 2)).toEqual([3, 2]);
  for (const end of [undefined, null, {}]) expect(zeros(3, 2, end as object).shape).toEqual([3, 2]);
  for (const end of [undefined, null]) expect(() => call(3, 2, end)).toThrow(ArgumentError);
  expect(() => call(3, null, 2)).toThrow(ArgumentError);
  expect(() => zeros(3, nothing, 2)).toThrow(ArgumentError);
  expect(() => zeros(3, 2, nothing, {})).toThrow(ArgumentError);
});

test('a list with a hole is refused as such', () => {
  const x = tensor([1], { requiresGrad: true });
  const holes = [x, , x] as unknown as Tensor[];
  for (const take of [
    () => cat(holes),
    () => stack(holes),
    () => grad([x.mul(2)], holes),
    () => grad(holes, [x]),
    () => grad([x.mul(2)], [x], { gradOutputs: [1 as unknown as Tensor] }),
    () => new optim.SGD(holes),
  ])
    expect(take).toThrow(ArgumentError);
});

test('what only looks like a device is refused', () => {
  for (const device of [{}, { run: () => undefined }, { allocate: () => undefined }, 'cpu', () => undefined])
    expect(() => zeros([1], { device: device as never })).toThrow(ArgumentError);
});
