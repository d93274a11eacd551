import { expect, test, type TestContext } from 'vitest';
import type { Backend, Buffers, LaunchParams, Variant } from '../../src/backend/backend.ts';
import {
  cat,
  crossEntropy,
  type CrossEntropyOptions,
  grad,
  nllLoss,
  rand,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { bitsOf } from '../tensor/randomCases.ts';

type Shape = readonly [rows: number, classes: number];

/** Rows that one workgroup takes: by one invocation a row, in one round and in more, and by several. */
const FEW_ROWS: readonly Shape[] = [
  [1, 10],
  [63, 10],
  [64, 10],
  [65, 10],
  [128, 32],
  [193, 10],
  [256, 16],
  [5, 40],
  [64, 256],
  [32, 512],
  [16, 1000],
  [3, 4000],
];

/** One row, or one class, more than that. */
const MORE_ROWS: readonly Shape[] = [
  [257, 2],
  [256, 17],
  [129, 32],
  [65, 33],
  [33, 512],
  [17, 1000],
];

const IGNORED = 3;

/** The options of losses, by name. */
const LOSSES: Readonly<Record<string, (weight: Tensor) => CrossEntropyOptions>> = {
  plain: () => ({}),
  'some ignored': () => ({ ignoreIndex: IGNORED }),
  weighted: (weight) => ({ weight }),
  smoothed: () => ({ labelSmoothing: 0.1, ignoreIndex: IGNORED }),
  'weighted and smoothed': (weight) => ({ weight, labelSmoothing: 0.3, ignoreIndex: IGNORED }),
};

interface Inputs {
  x: Tensor;
  labels: Int32Array;
  target: Tensor;
  weight: Tensor;
}

function inputsOf([rows, classes]: Shape, device: Backend, change?: (labels: Int32Array) => void): Inputs {
  const labels = Int32Array.from({ length: rows }, (_, row) => (row * 7) % classes);
  change?.(labels);
  return {
    x: rand([rows, classes], { seed: 1, stream: 0, device }).mul(8),
    labels,
    target: tensor(labels, { device }),
    weight: rand([classes], { seed: 2, stream: 0, device }).add(0.1),
  };
}

/** A loss, and the launches that it took. */
function launched(device: Backend, body: () => Tensor): { loss: Tensor; launches: number } {
  const before = device.stats().dispatches;
  const loss = body();
  return { loss, launches: device.stats().dispatches - before };
}

/** The rows' losses, added up on the host in float64, and divided by what they count for. */
async function wantedOf(
  { x, labels, target, weight }: Inputs,
  options: CrossEntropyOptions,
): Promise<{ sum: number; mean: number }> {
  const losses = await crossEntropy(x, target, { ...options, reduction: 'none' }).data();
  const weights = await weight.data();
  let [sum, counted] = [0, 0];
  for (const [row, label] of labels.entries()) {
    sum += Number(losses[row]);
    if (label !== options.ignoreIndex) counted += options.weight ? Number(weights[label]) : 1;
  }
  return { sum, mean: sum / counted };
}

/** Reduced losses, by one launch where the rows are few enough. */
export function crossEntropySuite(deviceOf: (context: TestContext) => Backend | Promise<Backend>): void {
  const cases = [
    ...FEW_ROWS.map((shape) => [...shape, 1] as const),
    ...MORE_ROWS.map((shape) => [...shape, 2] as const),
  ];
  test.for(cases)('%i rows of %i: launches %i', async ([rows, classes, expected], context) => {
    const device = await deviceOf(context);
    const inputs = inputsOf([rows, classes], device);
    for (const [name, optionsOf] of Object.entries(LOSSES)) {
      const options = optionsOf(inputs.weight);
      const wanted = await wantedOf(inputs, options);
      for (const reduction of ['sum', 'mean'] as const) {
        const { loss, launches } = launched(device, () =>
          crossEntropy(inputs.x, inputs.target, { ...options, reduction }),
        );
        expect(launches).toBe(expected);
        expect((await loss.item()) / wanted[reduction], `${name}, ${reduction}`).toBeCloseTo(1, 5);
      }
    }
  });

  test.for(FEW_ROWS)('%i rows of %i: the bits that two launches give', async (shape, context) => {
    const device = await deviceOf(context);
    for (const [name, optionsOf] of Object.entries(LOSSES)) {
      for (const reduction of ['sum', 'mean'] as const) {
        const [found, wanted] = [device, inTwoLaunches(device)].map((each) =>
          lossAndGradient(inputsOf(shape, each), (weight) => ({ ...optionsOf(weight), reduction })),
        ) as [Tensor, Tensor];
        expect(await bitsOf(found), `${name}, ${reduction}`).toBe(await bitsOf(wanted));
      }
    }
  });

  // One launch, two, and more rows than one workgroup sums.
  test.for([1, 64, 257, 40_000])('%i rows that count for nothing', async (rows, context) => {
    const device = await deviceOf(context);
    const { x, target } = inputsOf([rows, 5], device, (labels) => labels.fill(IGNORED));
    const weight = tensor([1, 1, 1, 0, 1], { device });
    for (const [name, options] of Object.entries({
      ignored: { ignoreIndex: IGNORED },
      'ignored, smoothed': { ignoreIndex: IGNORED, labelSmoothing: 0.1 },
      'ignored, weighted': { ignoreIndex: IGNORED, weight },
      'of weight 0': { weight },
      'of weight 0, smoothed': { weight, labelSmoothing: 0.1 },
    })) {
      const losses = {
        crossEntropy: (leaf: Tensor) => crossEntropy(leaf, target, options),
        ...(!('labelSmoothing' in options) && {
          nllLoss: (leaf: Tensor) => nllLoss(leaf.logSoftmax(1), target, options),
        }),
      };
      for (const [loss, lossOf] of Object.entries(losses)) {
        for (const createGraph of [false, true]) {
          const what = `${loss}, ${name}${createGraph ? ', with a graph' : ''}`;
          const leaf = x.detach();
          leaf.requiresGrad = true;
          const mean = lossOf(leaf);
          const [gradient] = grad(mean, [leaf], { createGraph });
          expect(await mean.item(), what).toBeNaN();
          expect(await gradient.abs().amax().item(), what).toBe(0);
          if (!createGraph) continue;
          const [second] = grad(gradient.square().sum(), [leaf]);
          expect(await second.abs().amax().item(), `${what}, again`).toBe(0);
        }
      }
      if (name.startsWith('ignored'))
        expect(await crossEntropy(x, target, { ...options, reduction: 'sum' }).item()).toBe(0);
    }
  });

  test.for([
    [5, 3],
    [9, 70],
    [2, 3, 5],
  ])('infinite gradients stay in their elements, %o', async (shape, context) => {
    const device = await deviceOf(context);
    const size = shape.reduce((product, length) => product * length);
    const scores = Float32Array.from({ length: size }, (_, at) => -1 - (at % 3));
    // nllLoss reads the scores of the labels alone.
    const withNaN = scores.map((value, at) => (at % 11 === 10 ? NaN : value));
    const inner = shape[2] ?? 1;
    const target = Int32Array.from({ length: size / shape[1]! }, (_, row) => (row % 2 ? IGNORED : row % 3));
    const labels = tensor(target, { shape: shape.toSpliced(1, 1), device });
    const classOf = (at: number): number => Math.floor(at / inner) % shape[1]!;
    const labelOf = (at: number): number =>
      target[Math.floor(at / inner / shape[1]!) * inner + (at % inner)]!;
    for (const loss of [crossEntropy, nllLoss]) {
      for (const mean of [false, true]) {
        const x = tensor(loss === nllLoss ? withNaN : scores, { shape, device, requiresGrad: true });
        const losses = loss(x, labels, { ignoreIndex: IGNORED, reduction: mean ? 'mean' : 'none' });
        losses.mul(Infinity).sum().backward();
        const found = [...(await x.grad!.data())];
        for (const [at, value] of found.entries()) {
          const isIgnored = labelOf(at) === IGNORED;
          if (isIgnored || loss === nllLoss) {
            expect(value + 0, `${loss.name} ${at}`).toBe(
              !isIgnored && classOf(at) === labelOf(at) ? -Infinity : 0,
            );
          }
        }
      }
    }
  });

  test.for([0, 63, 64, 199])('a NaN in row %i of 200', async (row, context) => {
    const device = await deviceOf(context);
    const { x, target } = inputsOf([200, 10], device);
    const poison = Float32Array.from({ length: 2000 }, (_, at) => (at === 10 * row + 4 ? NaN : 0));
    expect(await crossEntropy(x.add(tensor(poison, { shape: [200, 10], device })), target).item()).toBeNaN();
  });
}

function lossAndGradient(
  { x, target, weight }: Inputs,
  optionsOf: (weight: Tensor) => CrossEntropyOptions,
): Tensor {
  const leaf = x.detach();
  leaf.requiresGrad = true;
  const loss = crossEntropy(leaf, target, optionsOf(weight));
  return cat([loss.detach().reshape([1]), grad(loss, [leaf])[0].flatten()]);
}

/** A device that takes two launches for every loss. */
function inTwoLaunches(device: Backend): Backend {
  const run: Backend['run'] = (kernel, buffers, params, variant) => {
    if (kernel !== 'crossEntropy') {
      device.run(kernel, buffers, params, variant);
      return;
    }
    const { MEAN = false, TOTAL, ...others } = variant as Variant<'crossEntropy'>;
    expect(TOTAL).toBe(true);
    const { rows } = params as { rows: number };
    const { losses: total, ...same } = buffers as Buffers<'crossEntropy'>;
    const losses = device.allocate(total.dtype, 2 * rows);
    device.run('crossEntropy', { ...same, losses }, params as LaunchParams<'crossEntropy'>, others);
    device.run('lossTotal', { losses, total }, { rows }, { MEAN });
    device.release(losses);
  };
  return new Proxy(device, {
    get(target, property) {
      const value: unknown = property === 'run' ? run : Reflect.get(target, property, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
