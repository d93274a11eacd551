import { compileCpuModule } from '#cpuModule';
import { describe, expect, test, vi } from 'vitest';
import type { Backend } from '../../src/backend/backend.ts';
import { openCpu } from '../../src/backend/cpu/cpu.ts';
import { Heap } from '../../src/backend/cpu/simd/heap.ts';
import { SimdModule } from '../../src/backend/cpu/simd/module.ts';
import { FASHION_MNIST_DESCRIPTION } from '../../src/pipeline/data/description.ts';
import { DeviceDataset } from '../../src/pipeline/data/loader.ts';
import { hasRelaxedSimd } from '../../src/platform/relaxedSimd.ts';
import { builds, expectAlike, on, reference } from './builds.ts';
import {
  cat,
  type CrossEntropyOptions,
  grad,
  KernelError,
  linspace,
  nn,
  ones,
  OutOfMemoryError,
  rand,
  randn,
  setDefaultDevice,
  type Tensor,
  tensor,
  where,
  zeros,
} from '../../src/index.ts';

const [[one], [relaxed]] = builds as [[Backend, Backend], [Backend, Backend]];

const numbers = (shape: number[]): Tensor => rand(shape).sub(0.5);

describe('products in WebAssembly', () => {
  test.each([
    [1, 1, 1],
    [3, 5, 7],
    [4, 8, 256],
    [5, 9, 257],
    [129, 255, 300],
    [130, 600, 20],
    [700, 33, 40],
  ])('%i × %i with k = %i, in all four orders', async (m, n, k) => {
    const tolerance = 1e-6 * Math.sqrt(k);
    await expectAlike(() => numbers([m, k]).matmul(numbers([k, n])), tolerance);
    await expectAlike(
      () =>
        numbers([k, m])
          .t()
          .matmul(numbers([k, n])),
      tolerance,
    );
    await expectAlike(() => numbers([m, k]).matmul(numbers([n, k]).t()), tolerance);
    await expectAlike(
      () =>
        numbers([k, m])
          .t()
          .matmul(numbers([n, k]).t()),
      tolerance,
    );
  });

  test('batches, split sums, steps and reversals', async () => {
    await expectAlike(() => numbers([3, 5, 6]).matmul(numbers([3, 6, 9])), 1e-5);
    await expectAlike(() => numbers([4, 3000]).matmul(numbers([3000, 5])), 1e-4);
    await expectAlike(
      () =>
        numbers([9, 12])
          .slice(null, [0, 12, 2])
          .matmul(numbers([6, 9]).flip([1])),
      1e-5,
    );
  });

  test.each([1, 4, 7, 130])('bias, relu and their gradients, %i columns', async (columns) => {
    const body = (): Tensor => {
      const x = numbers([9, 6]);
      const layers = new nn.Sequential(new nn.Linear(6, columns), new nn.ReLU());
      const y = layers.forward(x);
      y.mul(numbers([9, columns]))
        .sum()
        .backward();
      return cat([y, ...layers.parameters().map((each) => each.grad!)].map((t) => t.detach().flatten()));
    };
    await expectAlike(body, 1e-6);
  });

  test('bias and relu: NaN stays, and goes through the gradient', async () => {
    const body = (): Tensor => {
      const x = tensor([NaN, -1, 0, Infinity, -Infinity, 2], { shape: [6, 1], requiresGrad: true });
      const weight = tensor([1, 1, 1, 1, 1], { shape: [5, 1], requiresGrad: true });
      const bias = zeros([5]);
      const y = new nn.Sequential(new nn.Linear(1, 5), new nn.ReLU());
      y.loadStateDict({ '0.weight': weight, '0.bias': bias });
      const out = y.forward(x);
      out.sum().backward();
      return cat([out.detach().flatten(), x.grad!.detach().flatten()]);
    };
    expect(await on(one, body)).toEqual(await on(reference, body));
  });

  test('NaN and infinities reach their rows and columns, and nothing else', async () => {
    const a = new Float32Array(5 * 3).fill(1);
    a[3] = NaN;
    setDefaultDevice(one);
    const out = await tensor(a, { shape: [5, 3] })
      .matmul(numbers([3, 9]))
      .data();
    expect([...out].map((value) => Number.isNaN(value))).toEqual(
      Array.from({ length: 45 }, (_, at) => at >= 9 && at < 18),
    );
  });
});

describe('convolutions of 3 × 3 with many channels', () => {
  const convolved = (bad?: number): Tensor => {
    const images = new Float32Array(2 * 8 * 9 * 18).map((_, at) => Math.sin(at));
    if (bad !== undefined) images[1000] = bad;
    const x = tensor(images, { shape: [2, 8, 9, 18], requiresGrad: true });
    const filters = rand([12, 8, 3, 3], { requiresGrad: true });
    const y = nn.functional.conv2d(x, filters.sub(0.5), numbers([12]), { padding: 1 });
    y.sum().backward();
    return cat([y, x.grad!, filters.grad!].map((each) => each.detach().flatten()));
  };

  test('any number of threads', async () => {
    await expectAlike(() => convolved(), 5e-5);
  });

  test.each([
    [1, 8, 8, 1, 1, 1],
    [3, 9, 11, 7, 9, 1],
    [2, 16, 24, 5, 3, 0],
    [70, 8, 12, 7, 10, 2],
    // Parts of the sum that begin in the middle of an image, and tiles that reach past its end.
    [129, 10, 9, 15, 17, 1],
  ])(
    'weight gradient of %i × %i → %i, %i × %i, padding %i',
    async (batch, from, to, height, width, padding) => {
      for (const groups of [1, 2]) {
        const body = (): Tensor => {
          const filters = rand([groups * to, from, 3, 3], { requiresGrad: true });
          const images = numbers([batch, groups * from, height, width]);
          const y = nn.functional.conv2d(images, filters, undefined, { padding, groups });
          return grad(y, [filters], { gradOutputs: [numbers([...y.shape])] })[0];
        };
        await expectAlike(body, 1e-6 * Math.sqrt(batch * height * width));
      }
    },
  );

  test.each([NaN, Infinity, -Infinity])('%d reaches the outputs that see it, and no other', async (bad) => {
    const shape = (values: number[]): number[] => values.map((value) => (Number.isFinite(value) ? 0 : value));
    expect(shape(await on(one, () => convolved(bad)))).toEqual(
      shape(await on(reference, () => convolved(bad))),
    );
  });
});

describe('what rounds once rounds alike', () => {
  const wide = (): Tensor => randn([37, 1003]);
  const cases: Record<string, () => Tensor> = {
    add: () => wide().add(numbers([1003])),
    'sub, a column': () => wide().sub(numbers([37, 1])),
    mul: () => wide().mul(wide()),
    div: () => wide().div(2),
    maximum: () => wide().maximum(0.25),
    minimum: () => wide().minimum(numbers([1003])),
    relu: () => wide().relu(),
    neg: () => wide().neg(),
    abs: () => wide().abs(),
    sqrt: () => wide().abs().sqrt(),
    square: () => wide().square(),
    'two broadcast axes': () => numbers([3, 1, 5, 9]).add(numbers([4, 1, 9])),
    'transposed copy': () => wide().t().contiguous(),
    'batched transposed copy': () => numbers([3, 7, 40]).transpose(1, 2).contiguous(),
    'transposed copy of few rows': () => numbers([3, 7, 10]).transpose(1, 2).contiguous(),
    'small matrices': () =>
      numbers([300, 1, 2, 9])
        .mul(numbers([2, 9]))
        .add(numbers([300, 5, 1, 1])),
    ...Object.fromEntries(
      (['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const).map((name) => [
        name,
        () =>
          wide()
            .floor()
            [name](wide().floor())
            .add(numbers([1003]).slice([1, 1003])[name](0).sum()),
      ]),
    ),
    where: () => where(wide().gt(0.3), wide(), numbers([37, 1])),
    'where with a row of conditions': () => where(numbers([1003]).gt(0), wide(), 0),
    'where with a condition at an offset': () =>
      where(numbers([40, 1003]).gt(0).slice([3, 40]), wide(), wide().t().contiguous().t()),
    'where of integers': () => where(wide().gt(0), wide().mul(9).to('int32'), 2 ** 31 - 1),
    'where of truth values': () => where(wide().gt(0), wide().gt(0.1), wide().lt(0.2)),
    'max pooling': () => numbers([3, 2, 12, 10]).maxPool2d({ kernelSize: 2 }),
    'max pooling, odd': () => numbers([3, 2, 15, 11]).maxPool2d({ kernelSize: 2 }),
  };
  test.each(Object.entries(cases))('%s', async (_, body) => {
    await expectAlike(body, 0);
  });

  test('sums of runs, columns and channels: four elements are added in float32', async () => {
    await expectAlike(() => wide().sum(1), 1e-5);
    await expectAlike(() => wide().sum(0), 2e-6);
    await expectAlike(() => numbers([6, 4, 9, 11]).sum([0, 2, 3]), 1e-5);
    await expectAlike(() => numbers([70_001]).sum(), 1e-4);
  });

  test('NaN and signed zeros', async () => {
    const special = (): Tensor => tensor([NaN, -0, 0, Infinity, -Infinity, 1, -1, NaN, 2]);
    for (const body of [
      () => special().relu(),
      () => special().maximum(special().flip([0])),
      () => special().minimum(special().flip([0])),
      () => special().sqrt(),
      () => where(special().eq(special()), special(), special().flip([0])),
      ...(['eq', 'ne', 'lt', 'le', 'gt', 'ge'] as const).flatMap((name) => [
        () => special()[name](special().flip([0])),
        () => special()[name](NaN),
      ]),
    ]) {
      expect(await on(one, body)).toEqual(await on(reference, body));
    }
  });

  test('max pooling: the first of equals, the last of NaN, as the plain code finds them', async () => {
    const body = (): Tensor => {
      const x = tensor([1, 1, NaN, 2, 0, 3, NaN, NaN, 1, 1, 1, NaN, 0, 3, 5, NaN], {
        shape: [1, 2, 8],
        requiresGrad: true,
      });
      x.maxPool2d({ kernelSize: 2 }).sum().backward();
      return x.grad!.detach();
    };
    expect(await on(one, body)).toEqual(await on(reference, body));
  });
});

describe('batch norm and dropout in WebAssembly', () => {
  /** Result, gradients and running statistics, one after the other. */
  const normalised = (shape: number[], training: boolean): Tensor => {
    const channels = shape[1]!;
    const x = rand(shape, { requiresGrad: true });
    const weight = rand([channels], { requiresGrad: true });
    const bias = rand([channels], { requiresGrad: true });
    const [mean, variance] = [numbers([channels]), rand([channels])];
    const y = nn.functional.batchNorm(x, mean, variance, { weight, bias, training });
    y.mul(numbers(shape)).sum().backward();
    const all = [y, x.grad!, weight.grad!, bias.grad!, mean, variance];
    return cat(all.map((each) => each.detach().flatten()));
  };

  test.each([
    [[3, 5, 4, 4]],
    [[2, 3, 7, 5]],
    [[4, 2, 6, 9]],
    // Long enough to be summed up in parts.
    [[9, 2, 61, 67]],
    // Runs too short for it.
    [[6, 3, 2, 2]],
  ])('batch norm of %j', async (shape) => {
    await expectAlike(() => normalised(shape, true), 2e-4);
    await expectAlike(() => normalised(shape, false), 2e-4);
  });

  test('batch norm: NaN and infinities stay in their channel', async () => {
    const body = (): Tensor => {
      const x = new Float32Array(2 * 3 * 20).fill(1).map((_, at) => at % 7);
      [x[21], x[83]] = [NaN, Infinity];
      return nn.functional.batchNorm(tensor(x, { shape: [2, 3, 4, 5] }), zeros([3]), ones([3]), {
        training: true,
      });
    };
    const found = (await on(one, body)).map(Number.isNaN);
    expect(found).toEqual((await on(reference, body)).map(Number.isNaN));
  });

  test.each([1, 5, 15, 16, 17, 40_003])('dropout of %i elements', async (size) => {
    await expectAlike(() => nn.functional.dropout(numbers([size]), { p: 0.3 }), 2e-7);
    await expectAlike(() => nn.functional.dropout(numbers([size]), { p: 0.5 }), 0);
  });

  test('dropout: a dropped NaN or infinity is NaN', async () => {
    const body = (): Tensor =>
      nn.functional.dropout(tensor([NaN, Infinity, -Infinity, NaN, Infinity, 1, -1, 0]), { p: 0.5 });
    expect(await on(one, body)).toEqual(await on(reference, body));
  });
});

describe('softmax and cross-entropy in WebAssembly', () => {
  const logits = (rows: number, classes: number): Tensor => numbers([rows, classes]).mul(20);

  test.each([
    [3, 2],
    [5, 4],
    [128, 10],
    [33, 1003],
    [2000, 17],
  ])('%i rows of %i', async (rows, classes) => {
    await expectAlike(() => logits(rows, classes).softmax(1), 2e-7);
    await expectAlike(() => logits(rows, classes).logSoftmax(1), 4e-6);
    const options: CrossEntropyOptions[] = [{}, { reduction: 'sum' }, { ignoreIndex: 1 }];
    for (const weighted of [false, true]) {
      for (const each of options) {
        await expectAlike(() => lossAndGradient([rows, classes], weighted, each), 2e-6);
      }
    }
  });

  const lossAndGradient = (
    shape: [number, number],
    weighted: boolean,
    options: CrossEntropyOptions,
  ): Tensor => {
    const [rows, classes] = shape;
    const x = rand(shape, { requiresGrad: true });
    const target = rand([rows]).mul(classes).floor().to('int32');
    const weight = weighted ? { weight: rand([classes]) } : {};
    const loss = nn.functional.crossEntropy(x, target, { ...options, ...weight });
    loss.backward();
    return cat([loss.detach().reshape([1]).div(rows), x.grad!.detach().flatten()]);
  };

  test('exponentials keep their relative accuracy, as far down as normal numbers reach', async () => {
    const spread = (): Tensor => linspace(-80, 0, 5003).reshape([1, 5003]);
    const [found, expected] = [
      await on(one, () => spread().softmax(1)),
      await on(reference, () => spread().softmax(1)),
    ];
    const worst = Math.max(...found.map((value, at) => Math.abs(value / expected[at]! - 1)));
    expect(worst).toBeLessThan(1e-6);
  });

  test.each([
    [[NaN, 1, 2, 3, 4]],
    [[Infinity, 1, 2, 3, 4]],
    [[-Infinity, 1, 2, 3, -Infinity]],
    [[-Infinity, -Infinity, -Infinity, -Infinity, -Infinity]],
    [[300, -300, 0, 299, 1]],
  ])('%j', async (row) => {
    const shape = [1, 5];
    for (const body of [
      () => tensor(row, { shape }).softmax(1).mul(1e6).floor(),
      () => tensor(row, { shape }).logSoftmax(1).mul(1e3).floor(),
    ]) {
      expect(await on(one, body)).toEqual(await on(reference, body));
    }
  });

  test.each([300, NaN, Infinity, -Infinity])('%d at every place of a row', async (special) => {
    const rows = (): Tensor => {
      const values = Float32Array.from({ length: 67 * 67 }, (_, at) => (at % 68 === 0 ? special : at % 5));
      return tensor(values, { shape: [67, 67], requiresGrad: true });
    };
    const gradient = (): Tensor => {
      const x = rows();
      nn.functional.crossEntropy(x, zeros([67], { dtype: 'int32' }), { reduction: 'sum' }).backward();
      return x.grad!.mul(1e3).floor();
    };
    for (const body of [
      () => rows().detach().softmax(1).mul(1e3).floor(),
      () => rows().detach().logSoftmax(1).mul(1e3).floor(),
      gradient,
    ]) {
      const expected = await on(reference, body);
      for (const [each] of builds) expect(await on(each, body)).toEqual(expected);
    }
  });

  test('a label that is no class is refused', () => {
    setDefaultDevice(one);
    const label = tensor([5], { dtype: 'int32' });
    expect(() => nn.functional.crossEntropy(numbers([1, 5]), label)).toThrow(
      'crossEntropy: takes targets from 0 to 4, got 5 in row 0',
    );
  });
});

test('batches of images are gathered to the same bits', async () => {
  const bytes = Uint8Array.from({ length: 5 * 784 }, (_, at) => (at * 7919) % 256);
  const body = (): Tensor => {
    const labels = Uint8Array.from([3, 1, 4, 1, 5]);
    const set = new DeviceDataset(
      ones([1]).device,
      { images: bytes, labels, count: 5 },
      FASHION_MNIST_DESCRIPTION,
    );
    const batch = set.batch(set.order(Uint32Array.from([4, 0, 3, 2, 1])), 1, 3);
    return cat([batch.images.flatten(), batch.labels.to('float32')]);
  };
  await expectAlike(body, 0);
});

test('blocks of the heap are merged when they are free, and arrays outlive its growth', () => {
  const heap = new Heap();
  const first = heap.array('float32', 10_000)!;
  first.fill(7);
  const blocks = Array.from({ length: 8 }, () => heap.take(1000)!);
  for (const at of [0, 2, 4, 6, 1, 7, 3, 5]) heap.give(blocks[at]!, 1000);
  expect(heap.take(8 * 1000)).toBe(blocks[0]);
  const large = heap.array('float32', 1_000_000)!;
  large.fill(1);
  expect(first.every((value) => value === 7)).toBe(true);
  expect(heap.take(2 ** 33)).toBeUndefined();
});

test.each([NaN, Infinity, -Infinity, -4, 0.3])(
  'a block of %d bytes is refused, and later ones are given',
  (size) => {
    const heap = new Heap();
    expect(() => heap.take(size)).toThrow(KernelError);
    expect(() => heap.array('float32', size)).toThrow(KernelError);
    expect(heap.array('float32', 0)).toHaveLength(0);
    expect(heap.array('float32', 10)).toHaveLength(10);
  },
);

test('a full heap asks for unused blocks', () => {
  const heap = new Heap();
  const unused = heap.take(3 * 2 ** 30)!;
  expect(heap.take(2 ** 31)).toBeUndefined();
  heap.makeRoom = () => heap.give(unused, 3 * 2 ** 30);
  expect(heap.take(2 ** 31)).toBe(unused);
});

test('a launch whose working memory does not fit leaves the device as it was', async () => {
  const module = new SimdModule(await compileCpuModule(false), 1);
  const taken = module.heap.take(2 ** 32 - 2 ** 20)!;
  module.take(2 ** 18);
  expect(() => module.take(2 ** 20)).toThrow(OutOfMemoryError);
  expect(() => module.take(NaN)).toThrow(KernelError);
  module.release();
  expect(module.take(2 ** 19)).toBeGreaterThan(0);
  module.heap.give(taken, 2 ** 32 - 2 ** 20);
  expect(module.take(2 ** 31)).toBeGreaterThan(0);
});

test('where WebAssembly is missing or forbidden, the plain twins compute', async () => {
  const product = (): Tensor => numbers([3, 4]).matmul(numbers([4, 2]));
  const expected = await on(reference, product);
  const forbidden = {
    validate: () => true,
    Module: function (): never {
      throw new Error('forbidden by a policy');
    },
    Memory: WebAssembly.Memory,
  };
  for (const [engine, reason] of [
    [undefined, 'WebAssembly cannot start'],
    [forbidden, 'forbidden by a policy'],
  ] as const) {
    vi.stubGlobal('WebAssembly', engine);
    const device = await openCpu().finally(() => vi.unstubAllGlobals());
    expect(device.description).toMatch(/^JavaScript on the CPU/);
    expect(device.description).toContain(reason);
    expect(await on(device, product)).toEqual(expected);
  }
});

test('threads add no listeners to the output of the process', async () => {
  const count = (): number[] =>
    [process.stdout, process.stderr].map((stream) => stream.listenerCount('error'));
  const before = count();
  const module = new SimdModule(await compileCpuModule(false), 12);
  await module.start();
  expect([module.threads, ...count()]).toEqual([12, ...before]);
  module.destroy();
});

test('where the system reserves no 4 GiB, the heap takes the largest part that it offers', async () => {
  const { Memory } = WebAssembly;
  const asked: number[] = [];
  const memory = vi.spyOn(WebAssembly, 'Memory').mockImplementation(function (descriptor) {
    asked.push(descriptor.maximum);
    if (descriptor.maximum > 2 ** 14) throw new RangeError('could not allocate memory');
    return new Memory(descriptor);
  });
  const phone = await openCpu({ relaxedSimd: false, threads: 1 });
  memory.mockRestore();
  expect(asked).toEqual([2 ** 16, 2 ** 15, 2 ** 14]);
  expect(phone.description).toBe('WebAssembly SIMD on the CPU, one thread');
  const product = (): Tensor => numbers([33, 70]).matmul(numbers([70, 20]));
  expect(await on(phone, product)).toEqual(await on(one, product));
});

test('the build with relaxed SIMD multiplies and adds with one rounding, the portable one with two', async () => {
  expect([one.info['relaxedSimd'], relaxed.info['relaxedSimd']]).toEqual([false, true]);
  expect(relaxed.description).toBe('WebAssembly relaxed SIMD on the CPU, one thread');
  // (1 + 2⁻¹²)² - (1 + 2⁻¹¹) = 2⁻²⁴, which the product alone is rounded to 0.
  const x = 1 + 2 ** -12;
  const product = (): Tensor => tensor([[1 + 2 ** -11, x]]).matmul(tensor([[-1], [x]]));
  expect(await on(reference, product)).toEqual([2 ** -24]);
  expect(await on(one, product)).toEqual([0]);
  expect(await on(relaxed, product)).toEqual([hasRelaxedSimd() ? 2 ** -24 : 0]);
});

test('WGRAD_WASM=plain chooses the portable build', async () => {
  vi.stubEnv('WGRAD_WASM', 'plain');
  expect((await openCpu()).info['relaxedSimd']).toBe(false);
  vi.stubEnv('WGRAD_WASM', undefined);
  expect((await openCpu()).info['relaxedSimd']).toBe(hasRelaxedSimd());
  vi.unstubAllEnvs();
});
