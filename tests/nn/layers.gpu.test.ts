import { expect, test } from 'vitest';
import { type Backend, nn, open, optim, randn, scope, type Tensor } from '../../src/index.ts';
import { webgpuOrSkip } from '../adapter.ts';

const cpu = await open('cpu');

/** A network of all layers that pool, normalise or drop. */
class Net extends nn.Module {
  readonly norm: nn.BatchNorm2d;
  readonly rows: nn.LayerNorm;
  readonly layers: nn.Sequential;

  constructor(device: Backend) {
    super();
    this.norm = new nn.BatchNorm2d(4, { device });
    this.rows = new nn.LayerNorm(16, { device });
    this.layers = new nn.Sequential(
      this.norm,
      new nn.ReLU(),
      new nn.MaxPool2d(2),
      new nn.AvgPool2d(3, { stride: 1, padding: 1 }),
      new nn.AdaptiveAvgPool2d(2),
      new nn.Flatten(),
      this.rows,
      new nn.Dropout(0.25),
    );
  }

  override forward(x: Tensor): Tensor {
    return this.layers.forward(x);
  }
}

test('a training step in steady state creates, uploads and reads nothing', async (context) => {
  const device = await webgpuOrSkip(context);
  const net = new Net(device);
  const optimizer = new optim.SGD(net.parameters(), { lr: 0.1 });
  const x = randn([6, 4, 9, 9], { seed: 1, device });
  const step = (): void => {
    scope(() => net.forward(x).square().sum().backward());
    optimizer.step();
    optimizer.zeroGrad();
  };
  for (let warm = 0; warm < 3; warm++) step();
  await device.synchronize();
  const before = device.stats();
  for (let steps = 0; steps < 5; steps++) step();
  await device.synchronize();
  const after = device.stats();
  for (const figure of [
    'buffersAlive',
    'bytesAlive',
    'buffersCreated',
    'bindGroupsCreated',
    'pipelinesCreated',
    'bytesUploaded',
    'reads',
  ] as const) {
    expect([figure, after[figure]]).toEqual([figure, before[figure]]);
  }
  expect(Array.from(await net.norm.numBatchesTracked!.data())).toEqual([8]);
});

test('batch norm takes three launches forward and three backward', async (context) => {
  const device = await webgpuOrSkip(context);
  const norm = new nn.BatchNorm2d(4, { device });
  const x = randn([16, 4, 16, 16], { seed: 1, device, requiresGrad: true });
  const gradient = randn([16, 4, 16, 16], { seed: 2, device });
  const { dispatches } = device.stats();
  const y = norm.forward(x);
  expect(device.stats().dispatches - dispatches).toBe(3);
  y.backward(gradient);
  // The leaves' own copies: weight and bias are parts of one buffer.
  expect(device.stats().dispatches - dispatches).toBe(3 + 3 + 2);
});

test('dropout drops the same elements on both backends', async (context) => {
  const device = await webgpuOrSkip(context);
  for (const p of [0.1, 0.37, 0.5]) {
    const masks = await Promise.all(
      [cpu, device].map(async (each) => {
        const x = randn([3, 1001], { seed: 1, device: each });
        const y = await x.dropout({ p, seed: 2 ** 45 + 3, stream: 9 }).data();
        return Array.from(y, (value) => value === 0);
      }),
    );
    expect(masks[1]).toEqual(masks[0]);
  }
});

test('running statistics agree with those of the CPU after several batches', async (context) => {
  const device = await webgpuOrSkip(context);
  const norms = [cpu, device].map((each) => {
    const norm = new nn.BatchNorm2d(5, { momentum: null, device: each });
    for (let stream = 0; stream < 4; stream++) {
      norm.forward(randn([7, 5, 17, 19], { seed: 3, stream, device: each }).mul(stream + 1));
    }
    return norm;
  });
  for (const name of ['runningMean', 'runningVar'] as const) {
    const [wanted, got] = await Promise.all(norms.map((norm) => norm[name]!.data()));
    got!.forEach((value, channel) => expect(value).toBeCloseTo(wanted![channel]!, 5));
  }
});
