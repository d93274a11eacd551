import { describe, expect, onTestFinished, test, type TestContext } from 'vitest';
import type { Backend } from '../../../src/backend/backend.ts';
import type { OpenedDevice } from '../../../src/backend/webgpu/adapter.ts';
import type { TypedArray } from '../../../src/backend/dtypes.ts';
import { type Geometry, geometryOf } from '../../../src/backend/webgpu/geometry.ts';
import { SMALL_BLOCK } from '../../../src/backend/webgpu/tuning/blocks.ts';
import type { Choice } from '../../../src/backend/webgpu/tuning/choice.ts';
import { Tuning } from '../../../src/backend/webgpu/tuning/tuning.ts';
import type { WebGpuOptions } from '../../../src/backend/webgpu/webgpu.ts';
import { cat, manualSeed, nn, optim, rand, randint, scope, type Tensor } from '../../../src/index.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../../src/pipeline/data/description.ts';
import { DeviceDataset } from '../../../src/pipeline/data/loader.ts';
import { kernelNames } from '../../../src/platform/node/kernels.ts';
import { webgpuOrSkip } from '../../adapter.ts';
import { openAs } from './devices.ts';

/** Kernels of which a launch was folded. */
const folded = new Set<string>();

/** Whether launches have grids of two workgroups in each dimension, or of as few as hold the launch. */
let isNarrow = false;

const geometry = ((...launch: Parameters<typeof geometryOf>) => {
  const [kernel, params, variant, tile, software] = launch;
  const usual = geometryOf(kernel, params, variant, tile, software);
  if (!isNarrow || usual.walks || Math.max(...usual.workgroups) <= 2) return usual;
  for (let widest = 2; ; widest++) {
    try {
      const found = geometryOf(kernel, params, variant, tile, software, widest);
      if (found.workgroups.some((each, at) => each !== usual.workgroups[at])) folded.add(kernel);
      return found;
    } catch {
      // The launch is long in two directions.
    }
  }
}) as typeof geometryOf;

/** Results and gradients, one after the other. */
class Results {
  readonly #results: Tensor[] = [];
  readonly #on: { device: Backend };

  constructor(device: Backend) {
    manualSeed(3);
    this.#on = { device };
  }

  numbers(...shape: number[]): Tensor {
    return rand(shape, { ...this.#on, requiresGrad: true });
  }

  add(out: Tensor, ...leaves: Tensor[]): void {
    if (leaves.length > 0) out.mul(rand(out.shape, this.#on)).sum().backward();
    this.#results.push(out, ...leaves.map((leaf) => leaf.grad!));
  }

  all(): Tensor {
    return cat(this.#results.map((each) => each.detach().flatten()));
  }
}

function products(results: Results): void {
  for (const [batch, m, n, k] of [
    [1, 3, 1000, 5],
    [1, 700, 3, 5],
    [9, 5, 3, 5],
    // As many columns as the tiles of two workgroups of some block have.
    ...[16, 32, 64, 128, 256].map((columns) => [1, 700, columns, 5] as const),
  ] as const) {
    const [a, b] = [results.numbers(batch, m, k), results.numbers(batch, k, n)];
    results.add(a.matmul(b), a, b);
  }
}

function convolutions(results: Results): void {
  const [x, w] = [results.numbers(7, 5, 9, 11), results.numbers(70, 5, 3, 3)];
  results.add(nn.functional.conv2d(x, w, undefined, { stride: [2, 1], padding: 1 }), x, w);
}

function attention(results: Results): void {
  const [q, k, v] = [
    results.numbers(3, 3, 70, 5),
    results.numbers(3, 3, 50, 5),
    results.numbers(3, 3, 50, 4),
  ];
  results.add(nn.functional.scaledDotProductAttention(q, k, v), q, k, v);
}

/** Everything else whose kernels do not loop. */
function others(results: Results, device: Backend): void {
  const on = { device };
  const [images, filters] = [results.numbers(7, 1, 9, 11), results.numbers(40, 1, 3, 3)];
  results.add(nn.functional.conv2d(images, filters), images, filters);
  const [a, b] = [results.numbers(4, 3000), results.numbers(3000, 3)];
  results.add(a.matmul(b), a, b);
  for (const [rows, columns] of [
    [5, 900],
    [3000, 5],
  ] as const) {
    const [x, layer] = [results.numbers(rows, 4), new nn.Linear(4, columns, on)];
    results.add(new nn.Sequential(layer, new nn.ReLU()).forward(x), x, layer.weight, layer.bias!);
    const [y, z, weight] = [
      results.numbers(rows, columns),
      results.numbers(rows, columns),
      results.numbers(columns),
    ];
    results.add(nn.functional.layerNorm(z, [columns], { weight }), z, weight);
    results.add(y.softmax(1), y);
    results.add(y.detach().sum(0));
    results.add(y.detach().sum(1));
    const [v, w] = [results.numbers(rows, columns), results.numbers(rows, columns)];
    results.add(nn.functional.batchNorm(v, null, null, { training: true }), v);
    results.add(nn.functional.crossEntropy(w, randint(0, columns, [rows], on)), w);
    for (const scan of ['cumsum', 'cumprod'] as const) {
      const s = results.numbers(rows, columns);
      results.add(s[scan](1), s);
    }
  }
  const long = results.numbers(300_000);
  results.add(long.sum(), long);
  optim.clipGradNorm([long], 0.5);
  results.add(nn.functional.dropout(results.numbers(9000)));
  const bytes = new Uint8Array(5 * 784).map((_, at) => at);
  const set = new DeviceDataset(
    device,
    { images: bytes, labels: new Uint8Array(5), count: 5 },
    FASHION_MNIST_DESCRIPTION,
  );
  const draw = { seed: 1, stream: 1, flip: 0.5, shift: 2, erase: 0.5 };
  results.add(set.batch(set.order(Uint32Array.from([4, 0, 3, 2, 1])), 0, 5, draw).images);
}

/** Blocks in workgroup memory take seconds to compile. Here is one; those of convolutions are numbered as other tiles are. */
class Blocks extends Tuning {
  override choose(): Choice {
    return { kernel: 'matmulWorkgroup', tile: { ...SMALL_BLOCK } };
  }
}

async function expectSame(
  context: TestContext,
  body: (results: Results, device: Backend) => void,
  info: OpenedDevice['info'] = {},
  options: WebGpuOptions = {},
): Promise<void> {
  const device = await openAs(context, info, { ...options, geometry });
  const compute = async (): Promise<TypedArray> => {
    const all = scope(() => {
      const results = new Results(device);
      body(results, device);
      return results.all();
    });
    return all.data();
  };
  // First the narrow grids, on fresh memory: after the others, what they leave out would be there all the same.
  isNarrow = true;
  onTestFinished(() => void (isNarrow = false));
  const found = await compute();
  isNarrow = false;
  const expected = await compute();
  expect(found.findIndex((value, at) => !Object.is(value, expected[at]))).toBe(-1);
  expect(found).toHaveLength(expected.length);
}

describe('folded grids compute the same bits', { timeout: 120_000 }, () => {
  test('with the kernels for this driver', async (context) => {
    await expectSame(context, others);
    await expectSame(context, products);
    await expectSame(context, convolutions);
  });

  test('with the products for drivers without subgroups', async (context) => {
    await expectSame(context, products, { subgroupMinSize: 0 });
    await expectSame(context, convolutions, { subgroupMinSize: 0 });
  });

  test('with the products and attention for GPUs', async (context) => {
    await expectSame(context, products, {}, { tuning: new Blocks({}) });
    await expectSame(context, attention, { software: false });
  });

  test('except kernels of one workgroup and those that loop, all were folded', async (context) => {
    const { info } = await webgpuOrSkip(context);
    const anyGeometry = geometryOf as unknown as (...launch: unknown[]) => Geometry<'unary'>;
    const ones = new Proxy({}, { get: () => 1 });
    const lanes = Number(info['subgroupMinSize'] ?? 0);
    const isUsed = (name: string): boolean => {
      if (anyGeometry(name, ones, {}, {}, false).walks || /^conv.*Workgroup/.test(name)) return false;
      return name.endsWith('Subgroup') ? lanes >= 4 : name !== 'conv2dFewTerms' || lanes >= 8;
    };
    const rest = kernelNames().filter((name) => isUsed(name) && !folded.has(name));
    expect(rest).toEqual(['lossTotal', 'tally', 'updateScale']);
  });
});
