/**
 * What the host does for a launch, an operation and a step when everything is cached: no buffer, bind group or pipeline is made,
 * and the kernels have next to nothing to do. On the CPU backend it is the time of a whole operation on 1000 elements. Prints
 * medians, and the counts that show that nothing was made.
 *
 *   npx tsx bench/overhead.ts [cpu|webgpu]
 */
import type { Backend, DeviceBuffer } from '../src/backend/backend.ts';
import { openCpu } from '../src/backend/cpu/cpu.ts';
import { codes } from '../src/backend/signatures.ts';
import { openWebGpu } from '../src/backend/webgpu/webgpu.ts';
import {
  capture,
  crossEntropy,
  nn,
  optim,
  rand,
  randint,
  scope,
  setDefaultDevice,
  tensor,
  type Tensor,
} from '../src/index.ts';
import { measure } from './measure.ts';

/** Launches in one repetition: ten batches. */
const LAUNCHES = 640;
const SIZE = 256;
/** Training steps whose launches, when replayed, go to the device together. */
const ONE_SUBMIT = 4;

type Case = readonly [name: string, body: () => void];

function launches(device: Backend): Case[] {
  const [a, b, out] = Array.from({ length: 3 }, () => device.allocate('float32', SIZE)) as [
    DeviceBuffer,
    DeviceBuffer,
    DeviceBuffer,
  ];
  const shape = [1, 1, 1, SIZE] as const;
  const strides = [0, 0, 0, 1] as const;
  const side = 16;
  return [
    ['fill', () => device.run('fill', { out }, { size: SIZE, value: 1 }, { Element: 'f32' })],
    [
      'unary relu',
      () =>
        device.run(
          'unary',
          { x: a, out },
          { size: SIZE, offset: 0, alpha: 0, beta: 0, shape, strides },
          { OPERATION: codes.unary.RELU, RANK: 1 },
        ),
    ],
    [
      'binary add',
      () =>
        device.run(
          'binary',
          { a, b, out },
          { size: SIZE, aOffset: 0, bOffset: 0, alpha: 0, shape, aStrides: strides, bStrides: strides },
          { OPERATION: codes.binary.ADD, RANK: 1, Element: 'f32', FLOATING: true },
        ),
    ],
    [
      'matmul 16 × 16',
      () =>
        device.run(
          'matmul',
          { a, b, bias: a, out },
          {
            m: side,
            n: side,
            k: side,
            batch: 1,
            chunk: side,
            aOffset: 0,
            aBatchStride: 0,
            aRowStride: side,
            aColumnStride: 1,
            bOffset: 0,
            bBatchStride: 0,
            bRowStride: side,
            bColumnStride: 1,
            biasOffset: 0,
            outOffset: 0,
          },
        ),
    ],
  ];
}

function operations(device: Backend): Case[] {
  setDefaultDevice(device);
  const x = tensor(new Float32Array(SIZE), { shape: [16, 16] });
  const w = tensor(new Float32Array(SIZE), { shape: [16, 16], requiresGrad: true });
  return [
    ['x.add(x)', () => scope(() => void x.add(x))],
    ['x.matmul(x)', () => scope(() => void x.matmul(x))],
    [
      'x.matmul(w).relu().sum().backward()',
      () => {
        scope(() => x.matmul(w).relu().sum().backward());
        w.zeroGrad();
      },
    ],
  ];
}

/** Operations on 1000 elements of leaves, so that each is recorded for backward. */
function recordedOperations(device: Backend): Case[] {
  setDefaultDevice(device);
  const leaf = (...shape: number[]): Tensor => rand(shape, { requiresGrad: true });
  const [x, y, matrix, row] = [leaf(1000), leaf(1000), leaf(10, 100), leaf(100)];
  const bodies: Readonly<Record<string, () => unknown>> = {
    'x.add(y)': () => x.add(y),
    'x.mul(y)': () => x.mul(y),
    'x.mul(2)': () => x.mul(2),
    'x.exp()': () => x.exp(),
    'x.relu()': () => x.relu(),
    'x.gt(0)': () => x.gt(0),
    'x.sum()': () => x.sum(),
    'matrix.sum(1)': () => matrix.sum(1),
    'matrix.add(row)': () => matrix.add(row),
    'matrix.softmax(1)': () => matrix.softmax(1),
    'x.reshape(10, 100)': () => x.reshape(10, 100),
    'matrix.transpose(0, 1)': () => matrix.transpose(0, 1),
  };
  const cases = Object.entries(bodies).map(([name, body]): Case => [name, () => scope(() => void body())]);
  const backward = (): void => {
    scope(() => x.mul(y).sum().backward());
    for (const each of [x, y]) each.zeroGrad();
  };
  return [...cases, ['x.mul(y).sum().backward()', backward]];
}

/** The training step of an MLP, 784-256-128-10 with batches of 128 and Adam: run, and replayed. */
function steps(device: Backend): Case[] {
  setDefaultDevice(device);
  const model = new nn.Sequential(
    new nn.Linear(784, 256),
    new nn.ReLU(),
    new nn.Linear(256, 128),
    new nn.ReLU(),
    new nn.Linear(128, 10),
  );
  const optimizer = new optim.Adam(model.parameters());
  const [images, labels] = [rand([128, 784]), randint(0, 10, [128])];
  const step = (): void => {
    crossEntropy(model.forward(images), labels).backward();
    optimizer.step();
    optimizer.zeroGrad();
  };
  return [
    ['run', () => scope(step)],
    ['replayed', capture(step)],
  ];
}

async function report(
  title: string,
  device: Backend,
  cases: readonly Case[],
  calls: number = LAUNCHES,
  repetitions?: number,
): Promise<void> {
  console.log(`\n${title}`);
  for (const [name, body] of cases) {
    for (let call = 0; call < calls; call++) body();
    await device.synchronize();
    const before = device.stats();
    const timing = await measure(body, {
      calls,
      settle: () => device.synchronize(),
      ...(repetitions && { repetitions }),
    });
    const after = device.stats();
    const made = (['buffersCreated', 'bindGroupsCreated', 'pipelinesCreated'] as const)
      .map((key) => after[key] - before[key])
      .reduce((sum, count) => sum + count);
    const dispatches = after.dispatches - before.dispatches;
    console.log(
      `  ${name.padEnd(38)}${timing.host.toFixed(2).padStart(8)} µs host (fastest ${timing.fastestHost.toFixed(2)})` +
        `${timing.total.toFixed(2).padStart(9)} µs with the device` +
        `${dispatches.toString().padStart(8)} launches in ${after.submits - before.submits} submits, ${made} objects made`,
    );
  }
}

async function onCpu(): Promise<void> {
  const device = await openCpu();
  console.log(device.description);
  await report('One operation on 1000 elements, recorded', device, recordedOperations(device), 200, 100);
}

async function onWebGpu(): Promise<void> {
  const device = await openWebGpu();
  console.log(device.description);
  await report('One launch', device, launches(device));
  await report('One operation', device, operations(device));
  await report('A training step', device, steps(device), 32);
  // A software driver that is at work takes the processor from the host; here it begins when the host is done.
  await report('A training step, handed to a device at rest', device, steps(device), ONE_SUBMIT, 200);
  const ring = await openWebGpu({ immediates: false });
  await report('One launch, parameters in the uniform ring', ring, launches(ring));
}

const [, , only] = process.argv;
if (only !== 'webgpu') await onCpu();
if (only !== 'cpu') await onWebGpu();
