import { expect, test } from 'vitest';
import {
  GradientError,
  maskedSelect,
  noGrad,
  nonzero,
  open,
  setDefaultDevice,
  ShapeError,
  tensor,
  zeros,
} from '../../src/index.ts';

setDefaultDevice(await open('cpu'));

test('a method with an underscore changes its tensor, and all views of it', async () => {
  const x = tensor([
    [1, 2],
    [3, 4],
  ]);
  const row = x.at(1);
  expect(x.add_(1)).toBe(x);
  x.mul_(tensor([1, 2]))
    .sub_(tensor([1, 1]), { alpha: 2 })
    .div_(2);
  expect(await x.toArray()).toEqual([
    [0, 2],
    [1, 4],
  ]);
  row.lerp_(tensor([3, 0]), 0.5);
  expect(await x.toArray()).toEqual([
    [0, 2],
    [2, 2],
  ]);
  x.t().at(0).fill_(7);
  expect(await x.toArray()).toEqual([
    [7, 2],
    [7, 2],
  ]);
  x.copy_(tensor([5, 6], { dtype: 'int32' }));
  expect(await x.toArray()).toEqual([
    [5, 6],
    [5, 6],
  ]);
  x.copy_(x.t());
  expect(await x.zero_().toArray()).toEqual([
    [0, 0],
    [0, 0],
  ]);
});

test('a leaf changes inside noGrad only, and backward notices', async () => {
  const w = tensor([1, 2], { requiresGrad: true });
  expect(() => w.mul_(2)).toThrow(GradientError);
  expect(() => w.detach().add_(w)).toThrow('inside noGrad');
  const loss = w.square().sum();
  noGrad(() => w.mul_(2));
  expect(() => loss.backward()).toThrow('changed in place');
  w.square().sum().backward();
  expect(await w.grad!.toArray()).toEqual([4, 8]);
  noGrad(() => w.add_(w.grad!, { alpha: -0.25 }));
  expect(await w.toArray()).toEqual([1, 2]);
  expect(w.isLeaf && w.requiresGrad).toBe(true);
});

test('a result that does not fit is refused', () => {
  expect(() =>
    tensor([1, 2]).add_(
      tensor([
        [1, 2],
        [3, 4],
      ]),
    ),
  ).toThrow(ShapeError);
  expect(() => tensor([1, 2], { dtype: 'int32' }).mul_(0.5)).toThrow('mul_: operands of different dtypes');
});

test('nonzero lists the places of elements', async () => {
  expect(
    await (
      await nonzero(
        tensor([
          [0, 5],
          [NaN, 0],
          [1, 1],
        ]),
      )
    ).toArray(),
  ).toEqual([
    [0, 1],
    [1, 0],
    [2, 0],
    [2, 1],
  ]);
  const none = await tensor([0, 0]).nonzero();
  expect([none.dtype, none.shape]).toEqual(['int32', [0, 1]]);
  expect((await tensor(3).nonzero()).shape).toEqual([1, 0]);
  expect((await tensor(0).nonzero()).shape).toEqual([0, 0]);
});

test('at says what a place may be', () => {
  const x = zeros(2, 3);
  expect(() => x.at('0' as never)).toThrow('at: not a place\n  takes  an integer, a range');
  expect(() => x.at(true as never)).toThrow('got    boolean true');
  expect(() => x.at(tensor([0, 1]))).toThrow('got    float32[2]');
  expect(() => x.indexSelect(0, tensor([0, 1]))).toThrow('got    float32[2]');
});

test('maskedSelect takes the elements that there were when it was called', async () => {
  const x = tensor([1, 2, 3]);
  const selected = x.maskedSelect(x.gt(1));
  x.fill_(9);
  expect(await (await selected).toArray()).toEqual([2, 3]);
});

test('maskedSelect takes the elements of a mask, and its gradient returns to them', async () => {
  const x = tensor(
    [
      [1, -2, 3],
      [-4, 5, -6],
    ],
    { requiresGrad: true },
  );
  const positive = await x.maskedSelect(x.gt(0));
  expect(await positive.toArray()).toEqual([1, 3, 5]);
  positive.square().sum().backward();
  expect(await x.grad!.toArray()).toEqual([
    [2, 0, 6],
    [0, 10, 0],
  ]);
  const columns = await maskedSelect(x, tensor([true, false, true]));
  expect(await columns.toArray()).toEqual([1, 3, -4, -6]);
  expect((await maskedSelect(x, x.gt(9))).shape).toEqual([0]);
});
