import { expect, test } from 'vitest';
import {
  ArgumentError,
  DeviceError,
  GradientError,
  ones,
  open,
  scope,
  setDefaultDevice,
  ShapeError,
  tensor,
  type Tensor,
  zeros,
} from '../../src/index.ts';

const cpu = await open('cpu');
const other = await open('cpu');
setDefaultDevice(cpu);

const leaf = (...values: number[]): Tensor => tensor(values, { requiresGrad: true });

test('only floating tensors can require gradients', () => {
  const others = [
    zeros([1], { dtype: 'int32' }),
    zeros([1], { dtype: 'bool' }),
    tensor(Uint8Array.of(1)),
    ones([1]).to('float16'),
  ];
  for (const x of others) {
    expect(() => (x.requiresGrad = true), x.dtype).toThrow(GradientError);
    expect(x.requiresGrad).toBe(false);
    x.requiresGrad = false;
    expect(() => (x.grad = x), x.dtype).toThrow(GradientError);
  }
  for (const dtype of ['float32', 'float64'] as const)
    expect(zeros([1], { dtype, requiresGrad: true }).requiresGrad).toBe(true);
  for (const dtype of ['int32', 'bool', 'uint8'] as const)
    expect(() => zeros([1], { dtype, requiresGrad: true })).toThrow(GradientError);
});

test('results cannot be switched, and leaves can at any time', () => {
  const x = leaf(1, 2);
  const y = x.mul(2);
  expect([x.isLeaf, y.isLeaf, y.detach().isLeaf, y.detach().requiresGrad]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  expect(() => (y.requiresGrad = false)).toThrow(GradientError);
  y.requiresGrad = true;
  expect(() => (y.grad = ones([2]))).toThrow(GradientError);
  x.requiresGrad = false;
  expect([x.isLeaf, x.requiresGrad, x.mul(2).requiresGrad]).toEqual([true, false, false]);
  x.requiresGrad = true;
  expect(x.mul(2).requiresGrad).toBe(true);
});

test('a gradient that is set must be like its leaf, and lives as long as that', async () => {
  const x = leaf(1, 2);
  expect(() => (x.grad = zeros([3]))).toThrow(ShapeError);
  expect(() => (x.grad = zeros([1, 2]))).toThrow(ShapeError);
  expect(() => (x.grad = zeros([2], { dtype: 'float64' }))).toThrow(ShapeError);
  expect(() => (x.grad = zeros([2], { dtype: 'int32' }))).toThrow(ShapeError);
  expect(() => (x.grad = zeros([2], { device: other }))).toThrow(DeviceError);
  expect(() => (x.grad = 3 as never)).toThrow(ArgumentError);
  expect(x.grad).toBeNull();
  const given = tensor([5, 7]);
  scope(() => {
    x.grad = given;
    x.mul(1).sum().backward();
  });
  expect(await x.grad!.toArray()).toEqual([6, 8]);
  expect(await given.toArray()).toEqual([5, 7]);
  x.grad = null;
  expect(x.grad).toBeNull();
});

test('a gradient handed to backward must be like the result', () => {
  const x = leaf(1, 2);
  for (const dtype of ['float64', 'int32', 'bool'] as const)
    expect(() => x.mul(2).backward(zeros([2], { dtype }))).toThrow(ShapeError);
  for (const shape of [[1], [1, 2], [2, 1], []])
    expect(() => x.mul(2).backward(zeros(shape))).toThrow(ShapeError);
  expect(() => x.mul(2).backward()).toThrow(ShapeError);
  expect(() => leaf().mul(2).backward()).toThrow(ShapeError);
  expect(() => ones([1]).backward()).toThrow(GradientError);
  x.slice([0, 1]).backward();
  expect(x.grad!.shape).toEqual([2]);
});

test('item reads one element, of any shape', async () => {
  for (const shape of [[], [1], [1, 1]]) expect(await ones(shape).item()).toBe(1);
  expect(await leaf(1, 7).slice([1, 2]).item()).toBe(7);
  for (const shape of [[0], [2], [1, 2]]) await expect(ones(shape).item()).rejects.toThrow(ShapeError);
});

test('nested arrays have the shape of the tensor, also without elements', async () => {
  expect(await zeros(2, 0).toArray()).toEqual([[], []]);
  expect(await zeros(0, 2).toArray()).toEqual([]);
  expect(await zeros(1, 0, 3).toArray()).toEqual([[]]);
  expect(await zeros([]).toArray()).toBe(0);
  expect(
    await tensor([[1, 2, 3]])
      .t()
      .toArray(),
  ).toEqual([[1], [2], [3]]);
});

test('the text of a tensor says whether it requires a gradient', () => {
  expect(String(leaf(1))).toBe('Tensor float32[1] on cpu, requires grad');
  expect(String(zeros([2, 3], { dtype: 'int32' }))).toBe('Tensor int32[2, 3] on cpu');
});

test('the reference computes in float64 and runs in no WebAssembly', async () => {
  const reference = await open('cpu', { reference: true });
  // 2^24 + 1 fits into float64 only.
  const sum = (device: typeof cpu): Promise<number> =>
    tensor([2 ** 24, 1, 1, -(2 ** 24)], { device })
      .sum()
      .item();
  expect(await sum(reference)).toBe(2);
  expect(reference.description).not.toBe(cpu.description);
});
