import { expect, test } from 'vitest';
import { init, manualSeed, nn, open, rand, tensor, type Tensor } from '../../src/index.ts';

const device = await init('cpu');
const { summary } = nn;

test('the table of a small network', () => {
  const model = new nn.Sequential(
    new nn.Flatten(),
    new nn.Linear(784, 256),
    new nn.ReLU(),
    new nn.Sequential(new nn.Dropout(0.2), new nn.Linear(256, 10)),
  );
  const found = summary(model, [32, 1, 28, 28]);
  expect(String(found)).toBe(
    `layer  kind     output shape     parameters
input           [32, 1, 28, 28]
0      Flatten  [32, 784]                 0
1      Linear   [32, 256]           200,960
2      ReLU     [32, 256]                 0
3.0    Dropout  [32, 256]                 0
3.1    Linear   [32, 10]              2,570
total  203,530 parameters, 814,120 bytes`,
  );
  expect(found).toMatchObject({ parameters: model.parameterCount(), fixed: 0, bytes: 4 * 203_530 });
});

/** A module with a tensor of its own around another, which it uses twice, and one that it does not use. */
class Odd extends nn.Module {
  readonly shared: nn.Linear = new nn.Linear(4, 4, { bias: false });
  readonly spare: nn.Linear = new nn.Linear(2, 3);
  readonly scale: Tensor = tensor([2, 2, 2, 2], { requiresGrad: true });
  readonly runningMean: Tensor = tensor([0, 0]);

  override forward(x: Tensor): Tensor {
    return this.shared.forward(this.shared.forward(x)).mul(this.scale);
  }
}

test('layers that are shared, not used, or have tensors beside their parts', () => {
  expect(String(summary(new Odd(), [5, 4]))).toBe(
    `layer   kind    output shape  parameters
input           [5, 4]
        Odd     [5, 4]                 4
shared  Linear  [5, 4]                16
shared  Linear  [5, 4]          as above
spare   Linear  not used               9
total  29 parameters and 2 untrained numbers, 124 bytes`,
  );
});

test('computes nothing, and leaves the model, its modes and the random numbers as they were', async () => {
  const seen: boolean[] = [];
  class Watcher extends nn.Module {
    override forward = (x: Tensor): Tensor => {
      seen.push(this.training);
      return x;
    };
  }
  const watcher = new Watcher();
  const frozen = new nn.Dropout(0.5).eval();
  const model = new nn.Sequential(new nn.Linear(3, 3), frozen, watcher, new nn.Dropout(0.5));
  const own = watcher.forward;
  manualSeed(1);
  const { buffersAlive, dispatches } = device.stats();
  summary(model, [2, 3]);
  expect(device.stats()).toMatchObject({ buffersAlive, dispatches });
  expect(seen).toEqual([false]);
  expect(watcher.forward).toBe(own);
  expect(model.layers.map(({ training }) => training)).toEqual([true, false, true, true]);
  expect(Object.keys(model.layers[0]!)).not.toContain('forward');
  const drawn = rand([4]);
  manualSeed(1);
  expect(await drawn.data()).toEqual(await rand([4]).data());
});

test.each([
  [true, [true, false, true]],
  [false, [true, false, true]],
  [false, [false, true, false]],
])('a model in mode %s with parts in modes %j stays so, also when forward fails', (root, parts) => {
  class Failing extends nn.Module {
    override forward(): never {
      throw new Error('inside');
    }
  }
  const modules = [new nn.Linear(3, 3), new nn.Dropout(0.5), new nn.Linear(3, 3)];
  for (const model of [new nn.Sequential(...modules), new nn.Sequential(...modules, new Failing())]) {
    model.train(root);
    modules.forEach((module, at) => module.train(parts[at]));
    const quietly = (): void => {
      try {
        summary(model, [2, 3]);
      } catch (error) {
        expect(String(error)).toContain('inside');
      }
    };
    quietly();
    expect([model.training, ...modules.map(({ training }) => training)]).toEqual([root, ...parts]);
  }
});

test('what a forward pass makes once and keeps is made all the same', async () => {
  class Scaled extends nn.Module {
    override forward(x: Tensor): Tensor {
      return x.mul(0.8125);
    }
  }
  const model = new nn.Sequential(new Scaled());
  summary(model, [1]);
  expect(await model.forward(tensor([2])).data()).toEqual(Float32Array.of(1.625));
});

test('an input that does not fit is the model’s own error, and the model works on', () => {
  const model = new nn.Sequential(new nn.Linear(3, 3));
  expect(() => summary(model, [2, 4])).toThrow(/linear/i);
  expect(model.forward(rand([2, 3])).shape).toEqual([2, 3]);
  expect(model.training).toBe(true);
});

test('works on the device and in the dtype of the model', async () => {
  const other = await open('cpu');
  const model = new nn.Linear(2, 2, { device: other, dtype: 'float64' });
  expect(summary(model, [1, 2])).toMatchObject({ parameters: 6, bytes: 48 });
});
