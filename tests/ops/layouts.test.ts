import { beforeAll, describe, expect, test } from 'vitest';
import { arange, init, type Tensor, where } from '../../src/index.ts';

beforeAll(() => init('cpu'));

const numbers = (...shape: number[]): Tensor =>
  arange(shape.reduce((size, each) => size * each, 1))
    .reshape(shape)
    .div(7);

/** Layouts that fill their memory without gaps in another order than row-major. */
const dense: Readonly<Record<string, () => Tensor>> = {
  'a transposed matrix': () => numbers(3, 5).t(),
  'four permuted axes': () => numbers(2, 3, 4, 5).permute([3, 1, 2, 0]),
  'six permuted axes': () => numbers(2, 3, 2, 2, 3, 2).permute([5, 1, 3, 0, 2, 4]),
  'an axis of size 1': () => numbers(3, 1, 5).permute([2, 1, 0]),
};

describe.each(Object.entries(dense))('element-wise results of %s', (_, make) => {
  const results: Readonly<Record<string, (x: Tensor) => Tensor>> = {
    unary: (x) => x.exp(),
    'with a number': (x) => x.mul(2),
    'with itself': (x) => x.add(x.neg()),
    'with a column': (x) => x.sub(numbers(x.shape[0]!, ...x.shape.slice(1).map(() => 1))),
    'with the last axis': (x) => numbers(x.shape.at(-1)!).sub(x),
    relation: (x) => x.gt(1),
    where: (x) => where(x.gt(1), x, 0),
    int32: (x) => x.to('int32'),
    clone: (x) => x.clone(),
  };

  test.each(Object.entries(results))(
    '%s: the values of a contiguous operand, in the same layout',
    async (name, run) => {
      const x = make();
      const found = run(x);
      expect(await found.data()).toEqual(await run(x.contiguous()).data());
      const lie = (tensor: Tensor): number[] => tensor.strides.filter((_, axis) => tensor.shape[axis] !== 1);
      // A relation's and a condition's layouts need more than the axes that where has.
      if (name !== 'where' || x.ndim < 6) expect(lie(found)).toEqual(lie(x));
      expect(found.offset).toBe(0);
    },
  );
});

test('a contiguous operand of the whole shape decides', () => {
  const x = numbers(3, 4).t();
  expect(x.add(numbers(4, 3)).isContiguous()).toBe(true);
  expect(numbers(4, 3).add(x).isContiguous()).toBe(true);
  expect(x.contiguous().isContiguous()).toBe(true);
});

test('elements with gaps, repeated or reversed give contiguous results', () => {
  const x = numbers(6, 8);
  for (const view of [
    x.slice(null, [null, null, 2]),
    x.flip(0),
    x.slice([0, 1]).expand([6, 8]),
    x.t().slice([1, 3]),
  ]) {
    expect(view.neg().isContiguous()).toBe(true);
    expect(view.clone().isContiguous()).toBe(true);
  }
});

test('gradients of permuted leaves are contiguous, and accumulate', async () => {
  const x = numbers(3, 4);
  x.requiresGrad = true;
  for (let pass = 0; pass < 2; pass++) x.t().square().sum().backward();
  expect(x.grad!.isContiguous()).toBe(true);
  expect(await x.grad!.data()).toEqual(await x.detach().mul(4).data());
  const turned = numbers(3, 4).t().clone();
  expect(turned.isContiguous()).toBe(false);
  turned.requiresGrad = true;
  for (let pass = 0; pass < 2; pass++) turned.square().mul(turned).sum().backward();
  expect(await turned.grad!.data()).toEqual(await gradientOf(turned.detach().contiguous()));
});

/** Of two passes through x³. */
async function gradientOf(x: Tensor): Promise<unknown> {
  x.requiresGrad = true;
  for (let pass = 0; pass < 2; pass++) x.square().mul(x).sum().backward();
  return x.grad!.data();
}
