import { expect, test } from 'vitest';
import {
  type Backend,
  emptyStats,
  type KernelName,
  type Params,
  type Variant,
} from '../../src/backend/backend.ts';
import { geometryOf } from '../../src/backend/webgpu/geometry.ts';
import { type Choice, isTuned, type Traits } from '../../src/backend/webgpu/tuning/choice.ts';
import { Tuning } from '../../src/backend/webgpu/tuning/tuning.ts';
import { autocast, cat, nn, optim, rand, randint, scope, type Tensor, where } from '../../src/index.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../src/pipeline/data/description.ts';
import { DeviceDataset } from '../../src/pipeline/data/loader.ts';
import { candidates } from '../../src/pipeline/diagnostics/tuning/candidates.ts';
import { Meter } from '../../src/pipeline/training/meter.ts';
import { kernelNames } from '../../src/platform/node/kernels.ts';
import { empty } from '../../src/tensor/create.ts';

/** The number of workgroups per dimension that every device allows. */
const WIDEST = 65_535;
/** The exponent of the largest number of elements: more do not fit into a binding. */
const MOST = 31;

/** lavapipe, SwiftShader, a driver without subgroups, a GPU. */
const adapters = [
  { software: true, subgroupMinSize: 8 },
  { software: true, subgroupMinSize: 4 },
  { software: true, subgroupMinSize: 0 },
  { software: false, subgroupMinSize: 32, maxComputeWorkgroupStorageSize: 2 ** 16 },
].map((info) => new Tuning(info));

/** All kernels and tiles for a launch on an adapter. */
function choicesOf<K extends KernelName>(
  operation: K,
  params: Params<K>,
  variant: Variant<K>,
  tuning: Tuning,
): { kernel: KernelName; tile: object }[] {
  if (!isTuned(operation)) return [{ kernel: operation, tile: {} }];
  const traits: Traits = { ...tuning.traits, invocations: 1024 };
  const chosen: Choice = tuning.choose(operation, params as never, variant);
  return [chosen, ...candidates(operation, traits)];
}

/**
 * A device without memory that computes nothing. It notes the kernels of all launches, and grids that are too large.
 */
function checkingDevice(kernels: Set<string>, problems: Set<string>): Backend {
  const device: Partial<Backend> = {
    name: 'webgpu',
    info: { software: false },
    supports: (dtype) => dtype !== 'float64',
    allocate: (dtype, length) => ({ dtype, length }),
    release: () => undefined,
    write: () => undefined,
    stats: emptyStats,
    run: (operation, _, given, variant = {}) => {
      const params = given as Params<typeof operation>;
      for (const tuning of adapters) {
        for (const { kernel, tile } of choicesOf(operation, params, variant, tuning)) {
          kernels.add(kernel);
          const problem = gridProblem(kernel, params, variant, tile, tuning.traits.software);
          if (problem) problems.add(`${problem}, ${JSON.stringify(params)}, ${JSON.stringify(variant)}`);
        }
      }
    },
  };
  return device as Backend;
}

function gridProblem(...launch: Parameters<typeof geometryOf>): string | undefined {
  try {
    const { workgroups } = geometryOf(...launch);
    const fits = workgroups.every((each) => Number.isInteger(each) && each >= 0 && each <= WIDEST);
    return fits ? undefined : `${launch[0]}: ${workgroups.join(' × ')}`;
  } catch (error) {
    return String(error);
  }
}

/** Shapes of 2^31 elements, long in one dim or in another. */
function shapes(rank: number, exponent: number = MOST): number[][] {
  if (rank === 1) return [[2 ** exponent]];
  const parts = [0, 1, 3, 6, 10, 15, 16, 20, 25, 31].filter((part) => part <= exponent);
  return parts.flatMap((part) => shapes(rank - 1, exponent - part).map((rest) => [2 ** part, ...rest]));
}

/** Shapes of no elements. */
function emptyShapes(rank: number): number[][] {
  return Array.from({ length: 2 ** rank - 1 }, (_, bits) =>
    Array.from({ length: rank }, (__, axis) => ((bits >> axis) & 1) * (axis + 2)),
  );
}

const kernels = new Set<string>();
const problems = new Set<string>();
const device = checkingDevice(kernels, problems);
const on = { device };

const make = (...shape: number[]): Tensor => {
  const made = empty(shape, on);
  made.requiresGrad = true;
  return made;
};

/** Runs an operation and its gradients. */
function pass(...outputs: Tensor[]): void {
  for (const output of outputs) output.backward(empty(output.shape, on));
}

const bodies: Record<string, () => void> = {
  'operations on single elements': () => {
    for (const [size] of [...shapes(1), [2 ** 24 + 1]] as [number][]) {
      const x = make(size);
      pass(x.exp(), x.add(make(size)), x.relu().mul(2), nn.functional.dropout(x));
      const condition = x.gt(0);
      pass(where(condition, x, x.flip(0)));
      rand([size], on);
      randint(0, 9, [size], on);
      x.to('int32').eq(3);
      empty([size], { ...on, dtype: 'uint8' }).to('float32');
    }
  },
  reductions: () => {
    for (const shape of shapes(2)) {
      const x = make(...shape);
      pass(x.sum(0), x.sum(1), x.sum(), x.amax(0), x.amax(1), x.softmax(0), x.logSoftmax(1));
      x.argmax(0);
      x.argmax(1);
      x.argmax();
    }
    for (const shape of shapes(3, 30)) pass(make(...shape).sum(1), make(...shape).sum([0, 2]));
  },
  'losses and norms': () => {
    for (const [rows, columns] of shapes(2) as [number, number][]) {
      const x = make(rows, columns);
      const target = randint(0, columns, [rows], on);
      pass(
        nn.functional.crossEntropy(x, target),
        nn.functional.crossEntropy(x, target, { reduction: 'none' }),
      );
      pass(nn.functional.layerNorm(x, [columns], { weight: make(columns), bias: make(columns) }));
      if (rows > 1) pass(nn.functional.batchNorm(x, null, null, { weight: make(columns), training: true }));
      const images = make(1, rows, columns);
      if (columns > 1) pass(nn.functional.batchNorm(images, null, null, { training: true }));
      nn.functional.batchNorm(images, empty([rows], on), empty([rows], on));
    }
  },
  products: () => {
    for (const small of [1, 3, 100]) {
      for (const [m, n] of [...shapes(2, 30), [70_000, 9], [9, 2_250_000]] as [number, number][]) {
        pass(make(m, small).matmul(make(small, n)));
        pass(make(small, m).matmul(make(m, n)));
        pass(nn.functional.linear(make(m, small), make(n, small), make(n)));
      }
    }
    for (const [batch, m, n] of shapes(3, 30) as [number, number, number][]) {
      pass(make(batch, m, 2).matmul(make(batch, 2, n)));
    }
    for (const [rows, columns] of shapes(2, 30) as [number, number][]) {
      const layers = new nn.Sequential(new nn.Linear(1, columns, on), new nn.ReLU());
      pass(layers.forward(make(rows, 1)));
    }
  },
  attention: () => {
    for (const [batch, heads, length] of shapes(3, 30) as [number, number, number][]) {
      const three = [1, 2, 3].map(() => make(batch, heads, length, 1));
      const few = make(batch, heads, 1, 1);
      for (const isCausal of [true, false]) {
        const attend = (...given: Tensor[]): Tensor =>
          nn.functional.scaledDotProductAttention(given[0]!, given[1]!, given[2]!, { isCausal });
        pass(
          attend(three[0]!, three[1]!, three[2]!),
          attend(few, three[1]!, three[2]!),
          attend(three[0]!, few, few),
        );
      }
    }
  },
  convolutions: () => {
    for (const [batch, channels, height, width] of shapes(4, 30) as [number, number, number, number][]) {
      for (const [stride, groups] of [
        [1, 1],
        [3, 1],
        [2, channels],
      ] as const) {
        const filters = make(channels, channels / groups, 2, 1);
        const padding = [1, 0] as const;
        if (filters.numel() > 2 ** 30) continue;
        pass(
          nn.functional.conv2d(make(batch, channels, height, width), filters, undefined, {
            stride,
            groups,
            padding,
          }),
        );
      }
    }
    // More steps than the image has pixels.
    pass(nn.functional.conv2d(make(1, 1, 3, 5), make(1, 1, 1, 1), undefined, { stride: 2 ** 20 }));
  },
  pooling: () => {
    for (const shape of shapes(4, 30)) {
      const images = make(...shape);
      pass(images.maxPool2d({ kernelSize: [1, 1], stride: 1 }), images.adaptiveAvgPool2d([1, null]));
      if (shape[2]! > 1 && shape[3]! > 1) {
        pass(images.maxPool2d({ kernelSize: 2 }), images.avgPool2d({ kernelSize: 2, stride: 1 }));
      }
    }
  },
  indexing: () => {
    for (const [rows, columns] of shapes(2, 30) as [number, number][]) {
      const x = make(rows, columns);
      const index = randint(0, rows, [rows], on);
      pass(x.indexSelect(0, index), x.gather(0, index.reshape([rows, 1]).expand([rows, columns])));
    }
  },
  'scans, sorting and scattering': () => {
    for (const [rows, columns] of shapes(2, 30) as [number, number][]) {
      const x = make(rows, columns);
      for (const dim of [0, 1]) {
        pass(x.cumsum(dim), x.cumprod(dim), x.prod(dim), x.sort(dim)[0]);
        x.argsort(dim);
      }
      const index = randint(0, rows, [rows, 1], on).expand([rows, columns]);
      for (const kind of ['sum', 'prod', 'amax'] as const)
        pass(x.scatterReduce(0, index, make(rows, columns), kind));
    }
  },
  optimizers: () => {
    for (const size of [2 ** MOST, 2 ** 24 + 1]) {
      const grads = (parameter: Tensor): Tensor[] => {
        pass(parameter.mul(1));
        return [parameter];
      };
      for (const kind of [
        (p: Tensor[]) => new optim.SGD(p, { lr: 1, momentum: 0.9 }),
        (p: Tensor[]) => new optim.Adam(p, { lr: 1 }),
        (p: Tensor[]) => new optim.RMSprop(p, { lr: 1 }),
        (p: Tensor[]) => new optim.NAdam(p, { lr: 1 }),
      ]) {
        const parameters = grads(make(size));
        const optimizer = kind(parameters);
        grads(parameters[0]!);
        optim.clipGradNorm(parameters, 1);
        const scaler = new optim.GradScaler(on);
        scaler.unscale(optimizer);
        scaler.step(optimizer);
        scaler.update();
      }
    }
  },
  'tensors of no elements': () => {
    for (const shape of emptyShapes(2)) {
      const [rows, columns] = shape as [number, number];
      const x = make(rows, columns);
      pass(x.exp(), x.add(make(columns)), x.add(make(rows, 1)), x.sum(0), x.sum(1), x.sum(), x.mean());
      pass(x.softmax(0), x.softmax(1), cat([x, x]), cat([x, make(rows, 3)], 1), x.t().contiguous());
      pass(where(x.gt(0), x, make(columns)), nn.functional.dropout(x), x.clamp(0, 1));
      pass(nn.functional.layerNorm(x, [columns], { weight: make(columns), bias: make(columns) }));
      const statistics = [empty([columns], on), empty([columns], on)] as const;
      pass(nn.functional.batchNorm(x, ...statistics, { weight: make(columns) }));
      if (columns > 0) pass(nn.functional.batchNorm(x, ...statistics, { training: true }));
      if (columns > 0) pass(nn.functional.crossEntropy(x, empty([rows], { ...on, dtype: 'int32' })));
      pass(x.cumsum(0), x.cumprod(1), x.prod(0), x.sort(0)[0], x.sort(1)[0]);
      optim.clipGradNorm([x], 1);
      rand(shape, on);
      randint(0, 9, shape, on);
      x.to('int32').eq(3);
    }
    for (const [m, n, k] of emptyShapes(3) as [number, number, number][]) {
      pass(make(m, k).matmul(make(k, n)), make(2, m, k).matmul(make(2, k, n)));
      pass(nn.functional.linear(make(m, k), make(n, k), make(n)));
      if (n > 0 && k > 0) pass(new nn.Sequential(new nn.Linear(k, n, on), new nn.ReLU()).forward(make(m, k)));
    }
    for (const [batch, channels, filters] of emptyShapes(3) as [number, number, number][]) {
      for (const side of [1, 3]) {
        const [images, weight] = [make(batch, channels, 5, 4), make(filters, channels, side, side)];
        for (const activation of [{}, { activation: 'relu' } as const]) {
          pass(nn.functional.conv2d(images, weight, make(filters), { padding: 1, ...activation }));
        }
      }
      if (channels > 0) pass(make(batch, channels, 4, 4).maxPool2d({ kernelSize: 2 }));
      if (channels > 0) pass(make(batch, channels, 4, 4).avgPool2d({ kernelSize: 2 }));
      pass(
        make(batch, channels, 4, 4).adaptiveAvgPool2d(2),
        make(batch, channels, 4, 4).adaptiveAvgPool2d(1),
      );
    }
    const nothing = empty([0], { ...on, dtype: 'int32' });
    pass(make(4, 3).indexSelect(0, nothing), make(4, 0).indexSelect(0, randint(0, 4, [2], on)));
    for (const kind of [optim.SGD, optim.Adam, optim.RMSprop, optim.NAdam]) {
      const parameter = make(0);
      pass(parameter.mul(2));
      new kind([parameter], { lr: 1 }).step();
    }
  },
  'a training step': () => {
    const set = { images: new Uint8Array(784), labels: new Uint8Array(1), count: 1 };
    const dataset = new DeviceDataset(device, set, FASHION_MNIST_DESCRIPTION);
    const order = dataset.order(new Uint32Array(2 ** 20));
    for (const size of [1, 70_000, 2 ** 20]) {
      dataset.batch(order, 0, size);
      dataset.batch(order, 0, size, { seed: 1, stream: 1, flip: 0.5, shift: 1, erase: 0 });
      const x = make(size, 10);
      const target = randint(0, 10, [size], on);
      const loss = nn.functional.crossEntropy(x, target);
      new Meter(device, 4).add({ loss: loss.detach(), classified: { logits: x.detach(), labels: target } });
      autocast('float16', () => pass(make(size, 5).matmul(make(5, 3))));
    }
  },
};

test.each(Object.entries(bodies))('grids of %s fit the device, up to 2^31 elements', (_, body) => {
  problems.clear();
  scope(body);
  expect([...problems].slice(0, 10)).toEqual([]);
});

test('every kernel was launched', () => {
  expect(kernelNames().filter((name) => !kernels.has(name))).toEqual([]);
});
