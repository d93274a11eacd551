import { beforeEach, describe, expect, it } from 'vitest';
import { grad, init, optim, type Tensor, tensor } from '../../src/index.ts';

beforeEach(async () => {
  await init('cpu');
});

const leaf = (): Tensor => tensor([1, 2], { requiresGrad: true });

describe('registerHook', () => {
  it('sees and replaces the gradients of results and leaves', async () => {
    const x = leaf();
    const seen: Tensor[] = [];
    const first = x.registerHook((gradient) => {
      seen.push(gradient);
      return undefined;
    });
    const y = x.square();
    y.registerHook((gradient) => gradient.mul(10));
    y.sum().backward({ retainGraph: true });
    expect(await x.grad!.toArray()).toEqual([20, 40]);
    first.remove();
    y.sum().backward();
    expect(await x.grad!.toArray()).toEqual([40, 80]);
    expect(await Promise.all(seen.map((each) => each.toArray()))).toEqual([[20, 40]]);
  });

  it('changes the gradient that an optimizer steps with', async () => {
    const x = leaf();
    const optimizer = new optim.SGD([x], { lr: 1 });
    x.registerHook((gradient) => gradient.mul(2));
    for (let step = 0; step < 2; step++) {
      optimizer.zeroGrad();
      x.sum().backward();
      optimizer.step();
    }
    expect(await x.toArray()).toEqual([-3, -2]);
  });

  it('is differentiable in a recorded backward', async () => {
    const x = leaf();
    const y = x.square();
    y.registerHook((gradient) => gradient.mul(x));
    const [first] = grad(y.sum(), [x], { createGraph: true });
    // 2 x · x, and 4 x
    expect(await grad(first.sum(), [x])[0].toArray()).toEqual([4, 8]);
  });

  it('refuses another shape, and a tensor without gradient', () => {
    const x = leaf();
    x.registerHook((gradient) => gradient.sum());
    expect(() => {
      x.sum().backward();
    }).toThrow(/another shape/);
    for (const [result, got] of [
      [3, 'got    3'],
      [Promise.resolve(), 'await it first'],
    ] as const) {
      const y = leaf();
      y.registerHook(() => result as never);
      expect(() => {
        y.sum().backward();
      }).toThrow(got);
    }
    expect(() => tensor([1]).registerHook(() => undefined)).toThrow(/needs no gradient/);
  });
});

it('retainGrad keeps the gradient of a result, adds the next one, and is freed by zeroGrad', async () => {
  const x = leaf();
  const y = x.mul(3);
  y.retainGrad();
  y.retainGrad();
  expect(y.grad).toBeNull();
  y.square().sum().backward({ retainGraph: true });
  expect(await y.grad!.toArray()).toEqual([6, 12]);
  y.sum().backward();
  expect(await y.grad!.toArray()).toEqual([7, 13]);
  y.zeroGrad();
  expect(y.grad).toBeNull();
  x.retainGrad();
  expect(await x.grad!.toArray()).toEqual([21, 39]);
});
