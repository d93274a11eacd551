import { beforeAll, describe, expect, test } from 'vitest';
import {
  type Backend,
  nn,
  noGrad,
  open,
  rand,
  scope,
  setDefaultDevice,
  type Tensor,
} from '../../src/index.ts';

let cpu: Backend;

beforeAll(async () => {
  cpu = await open('cpu');
  setDefaultDevice(cpu);
});

/** Launches of a forward pass, and what it computes. */
async function forward(x: Tensor, ...layers: nn.Module[]): Promise<{ launches: number; values: number[] }> {
  const before = cpu.stats().dispatches;
  const out = noGrad(() => scope(() => new nn.Sequential(...layers).forward(x)));
  const launches = cpu.stats().dispatches - before;
  return { launches, values: [...(await out.data())] };
}

/** The same one after the other, without a Sequential. */
async function oneByOne(x: Tensor, ...layers: nn.Module[]): Promise<number[]> {
  return [...(await layers.reduce((value, layer) => layer.forward(value), x).data())];
}

class Doubled extends nn.Linear {
  override forward(x: Tensor): Tensor {
    return super.forward(x).mul(2);
  }
}

class Negated extends nn.ReLU {
  override forward(x: Tensor): Tensor {
    return x.neg();
  }
}

/** Says that it applies relu itself, and does so by another function. */
class Declared extends nn.Module {
  static readonly fusion: nn.Fusion<Declared> = { withRelu: (_, x) => x.mul(3).relu() };

  override forward(x: Tensor): Tensor {
    return x.mul(3);
  }
}

describe('Sequential', () => {
  test('applies relu in the launch of a linear layer or a convolution', async () => {
    const linear = new nn.Linear(8, 4);
    const x = rand([3, 8]).sub(0.5);
    const found = await forward(x, linear, new nn.ReLU());
    expect(found).toEqual({ launches: 1, values: await oneByOne(x, linear, new nn.ReLU()) });
    const images = rand([2, 3, 6, 6]).sub(0.5);
    const convolution = new nn.Conv2d(3, 4, 3);
    const alone = await forward(images, convolution);
    expect((await forward(images, convolution, new nn.ReLU())).launches).toBe(alone.launches);
  });

  test('applies relu after max pooling, with the same result', async () => {
    const images = rand([2, 3, 8, 8]).sub(0.5);
    const layers = [new nn.ReLU(), new nn.MaxPool2d(2)];
    const found = await forward(images, ...layers);
    expect(found.values).toEqual(await oneByOne(images, ...layers));
  });

  test('calls the forward pass of a class that overrides it', async () => {
    const x = rand([3, 8]).sub(0.5);
    for (const layers of [
      [new Doubled(8, 4), new nn.ReLU()],
      [new nn.Linear(8, 4), new Negated()],
    ]) {
      expect((await forward(x, ...layers)).values).toEqual(await oneByOne(x, ...layers));
    }
  });

  test('uses what a class of the user declares', async () => {
    const x = rand([3, 8]).sub(0.5);
    const layers = [new Declared(), new nn.ReLU()];
    expect((await forward(x, ...layers)).values).toEqual(await oneByOne(x, ...layers));
    const replaced = new Declared();
    replaced.forward = (input) => input.neg();
    expect((await forward(x, replaced, new nn.ReLU())).values).toEqual(
      await oneByOne(x, replaced, new nn.ReLU()),
    );
  });
});

test('append adds a module at the end, under the next position', async () => {
  const layers = new nn.Sequential(new nn.Linear(2, 3));
  expect(layers.append(new nn.ReLU()).append(new nn.Linear(3, 1))).toBe(layers);
  expect(Object.keys(layers.stateDict())).toEqual(['0.weight', '0.bias', '2.weight', '2.bias']);
  const x = rand([4, 2]);
  expect([...(await layers.forward(x).data())]).toEqual(await oneByOne(x, ...layers.layers));
  expect(() => layers.append(7 as never)).toThrow(/Sequential: 3 is not a module/);
  expect(layers.layers).toHaveLength(3);
});
