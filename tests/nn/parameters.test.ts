import { expect, test } from 'vitest';
import {
  capture,
  GradientError,
  init,
  manualSeed,
  nn,
  ones,
  open,
  optim,
  rand,
  randn,
  scope,
  type Tensor,
  tensor,
  zeros,
} from '../../src/index.ts';

await init('cpu');

const network = (): nn.Sequential =>
  new nn.Sequential(new nn.Conv2d(1, 2, 3), new nn.BatchNorm2d(2), new nn.Flatten(), new nn.Linear(8, 2));
const images = (): Tensor => rand([2, 1, 4, 4]);

test('frozen parameters stay parameters, and are thawed through parameters()', () => {
  const model = network();
  const names = model.namedParameters().map(([name]) => name);
  expect(names).toEqual(['0.weight', '0.bias', '1.weight', '1.bias', '3.weight', '3.bias']);
  for (const each of model.parameters()) each.requiresGrad = false;
  expect(model.namedParameters().map(([name]) => name)).toEqual(names);
  expect(model.forward(images()).requiresGrad).toBe(false);
  for (const each of model.parameters()) each.requiresGrad = true;
  model.forward(images()).sum().backward();
  expect(model.parameters().every(({ grad }) => grad !== null)).toBe(true);
});

test('a model that is frozen before its parameters are listed keeps them', () => {
  const layer = new nn.Linear(2, 2);
  layer.weight.requiresGrad = false;
  expect(layer.parameters()).toHaveLength(2);
});

test('thawing the state dict makes no parameter of a running mean', () => {
  const model = network();
  for (const each of model.parameters()) each.requiresGrad = false;
  for (const [name, each] of Object.entries(model.stateDict())) {
    if (!name.endsWith('tracked')) each.requiresGrad = true;
  }
  expect(model.parameters()).toHaveLength(6);
  const norm = new nn.BatchNorm2d(2);
  norm.runningMean!.requiresGrad = true; // before anything is listed
  expect(norm.namedParameters().map(([name]) => name)).toEqual(['weight', 'bias']);
});

test('tensors of a user’s module: what requires a gradient is a parameter, the rest are buffers', () => {
  class Own extends nn.Module {
    readonly made: Tensor = ones([1], { requiresGrad: true });
    readonly marked: Tensor = new nn.Parameter(randn([2, 3]).mul(0.1).t());
    readonly frozen: Tensor = new nn.Parameter(ones([1]), { requiresGrad: false });
    readonly switched: Tensor = zeros([1]);
    readonly mask: Tensor = zeros([1]);
    constructor() {
      super();
      this.switched.requiresGrad = true;
    }
    override forward = (x: Tensor): Tensor => x.mul(this.made);
  }
  const own = new Own();
  expect(own.namedParameters().map(([name]) => name)).toEqual(['made', 'marked', 'frozen', 'switched']);
  own.mask.requiresGrad = true;
  expect(own.parameters()).toHaveLength(4);
  expect(Object.keys(own.stateDict())).toEqual(['made', 'marked', 'frozen', 'switched', 'mask']);
  expect([own.frozen.requiresGrad, own.marked.isLeaf, own.marked.isContiguous()]).toEqual([
    false,
    true,
    true,
  ]);
  expect(() => new nn.Parameter(tensor([1], { dtype: 'int32' }))).toThrow(GradientError);
});

test('a parameter outlives the tensor that it was made of', async () => {
  const data = tensor([1, 2]);
  const parameter = new nn.Parameter(data);
  data.dispose();
  expect(Array.from(await parameter.data())).toEqual([1, 2]);
});

test('freezing keeps the gradient until zeroGrad, and a graph from before adds nothing to it, as in PyTorch', async () => {
  const x = tensor([2], { requiresGrad: true });
  x.square().sum().backward();
  const later = x.square().sum();
  x.requiresGrad = false;
  later.backward();
  expect(Array.from(await x.grad!.data())).toEqual([4]);
  x.zeroGrad();
  expect(x.grad).toBe(null);
});

test('a frozen parameter is freed with its gradient', async () => {
  const device = await open('cpu');
  scope(() => ones([1], { device, requiresGrad: true }).sum().backward()); // makes what is made once
  const { buffersAlive } = device.stats();
  const x = ones([64], { device, requiresGrad: true });
  scope(() => x.sum().backward());
  x.requiresGrad = false;
  expect(device.stats().buffersAlive).toBe(buffersAlive + 2);
  x.dispose();
  expect(device.stats().buffersAlive).toBe(buffersAlive);
});

/** The values of both parameters after each step: those of PyTorch 1.13 with `zero_grad(set_to_none=True)`. */
const OPTIMIZERS = {
  SGD: {
    make: (each: Tensor[]) => new optim.SGD(each, { lr: 0.01, momentum: 0.9, weightDecay: 0.1 }),
    values: [
      [0.989, 1],
      [0.968111, 0.98911],
      [0.938452, 0.98911],
      [0.900929, 0.968935],
    ],
  },
  Adam: {
    make: (each: Tensor[]) => new optim.Adam(each, { lr: 0.01, weightDecay: 0.1 }),
    values: [
      [0.99, 1],
      [0.98, 0.99],
      [0.970004, 0.99],
      [0.96001, 0.980006],
    ],
  },
  RMSprop: {
    make: (each: Tensor[]) => new optim.RMSprop(each, { lr: 0.01, momentum: 0.9, weightDecay: 0.1 }),
    values: [
      [0.9, 1],
      [0.739435, 0.9],
      [0.541399, 0.9],
      [0.316543, 0.75642],
    ],
  },
};

test.each(Object.entries(OPTIMIZERS))(
  '%s leaves frozen parameters alone, before and after they are thawed, as in PyTorch',
  async (_, { make, values }) => {
    const [a, b] = [ones([2], { requiresGrad: true }), ones([2], { requiresGrad: true })];
    b.requiresGrad = false; // already when the optimizer is made
    const optimizer = make([a, b]);
    for (const [step, [wantedA, wantedB]] of values.entries()) {
      b.requiresGrad = step % 2 === 1;
      optimizer.zeroGrad();
      a.mul(b).sum().backward();
      optimizer.step();
      expect((await a.data())[0]).toBeCloseTo(wantedA!, 5);
      expect((await b.data())[0]).toBeCloseTo(wantedB!, 5);
    }
    expect(optimizer.stateDict().steps).toEqual([4, 2]);
  },
);

test.each(Object.entries(OPTIMIZERS))(
  '%s: freezing and thawing gives the same bits in a captured step',
  async (_, { make }) => {
    const run = async (captured: boolean): Promise<Float32Array[]> => {
      manualSeed(1);
      const model = new nn.Sequential(new nn.Linear(2, 3), new nn.Tanh(), new nn.Linear(3, 1));
      model.parameters()[0]!.requiresGrad = false; // already when the optimizer is made
      const optimizer = make(model.parameters());
      const x = rand([4, 2], { seed: 2 });
      const body = (): void => {
        optimizer.zeroGrad();
        model.forward(x).square().sum().backward();
        optimizer.step();
      };
      const step = captured ? capture(body) : (): void => scope(body);
      const states: Float32Array[] = [];
      for (const frozen of [[0], [], [2, 3], [0, 1, 2], []]) {
        model.parameters().forEach((each, index) => (each.requiresGrad = !frozen.includes(index)));
        for (let i = 0; i < 4; i++) step();
        for (const each of model.parameters()) states.push((await each.data()) as Float32Array);
      }
      return states;
    };
    expect(await run(true)).toEqual(await run(false));
  },
);
