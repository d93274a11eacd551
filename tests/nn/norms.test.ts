import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hashWeights, loadWeights, saveCheckpoint } from '../../src/pipeline/checkpoint/checkpoint.ts';
import { nn, noGrad, ones, open, optim, randn, tensor, type Tensor, zeros } from '../../src/index.ts';

const cpu = await open('cpu');
const images = (stream: number, ...shape: number[]): Tensor => randn(shape, { seed: 5, stream, device: cpu });
const values = async (x: Tensor | undefined): Promise<number[]> => Array.from(await x!.data());

/** Means and unbiased variances of the channels of [N, C, H, W]. */
async function statistics(x: Tensor): Promise<[number[], number[]]> {
  return [await values(x.mean([0, 2, 3])), await values(x.var([0, 2, 3]))];
}

function expectClose(got: readonly number[], wanted: readonly number[]): void {
  expect(got.length).toBe(wanted.length);
  got.forEach((value, index) => expect(value).toBeCloseTo(wanted[index]!, 6));
}

test('the state dict has PyTorch’s keys, and buffers are no parameters', () => {
  const norm = new nn.BatchNorm2d(3, { device: cpu });
  const { num_batches_tracked: batches, ...others } = norm.stateDict();
  expect(Object.keys(norm.stateDict())).toEqual([
    'weight',
    'bias',
    'running_mean',
    'running_var',
    'num_batches_tracked',
  ]);
  expect(batches).toMatchObject({ dtype: 'int32', shape: [] });
  for (const each of Object.values(others)) expect(each).toMatchObject({ dtype: 'float32', shape: [3] });
  expect(norm.namedParameters().map(([name]) => name)).toEqual(['weight', 'bias']);
  const plain = new nn.BatchNorm2d(3, { affine: false, trackRunningStats: false, device: cpu });
  expect(plain.stateDict()).toEqual({});
  const layer = new nn.LayerNorm([2, 3], { device: cpu });
  expect(Object.keys(layer.stateDict())).toEqual(['weight', 'bias']);
  expect(Object.keys(new nn.LayerNorm(3, { bias: false, device: cpu }).stateDict())).toEqual(['weight']);
});

test('training moves the running statistics and counts; evaluation uses them and leaves them', async () => {
  const norm = new nn.BatchNorm2d(3, { device: cpu });
  const x = images(0, 4, 3, 5, 2).mul(2).add(1);
  const [means, variances] = await statistics(x);
  norm.forward(x);
  expectClose(
    await values(norm.runningMean),
    means.map((mean) => 0.1 * mean),
  );
  expectClose(
    await values(norm.runningVar),
    variances.map((variance) => 0.9 + 0.1 * variance),
  );
  expect(await values(norm.numBatchesTracked)).toEqual([1]);

  const before = await Promise.all(Object.values(norm.stateDict()).map(values));
  const y = norm.eval().forward(x);
  const [evaluated] = await statistics(y);
  expectClose(
    evaluated,
    means.map((mean, channel) => (mean - before[2]![channel]!) / Math.sqrt(before[3]![channel]! + 1e-5)),
  );
  expect(await Promise.all(Object.values(norm.stateDict()).map(values))).toEqual(before);

  noGrad(() => norm.train().forward(x));
  expect(await values(norm.numBatchesTracked)).toEqual([2]);
});

test('momentum null averages all batches', async () => {
  const norm = new nn.BatchNorm2d(2, { momentum: null, device: cpu });
  const batches = [1, 2, 3].map((stream) => images(stream, 4, 2, 3, 3).add(stream));
  for (const batch of batches) norm.forward(batch);
  const found = await Promise.all(batches.map(statistics));
  for (const [index, running] of [norm.runningMean, norm.runningVar].entries()) {
    const average = [0, 1].map((channel) => found.reduce((sum, each) => sum + each[index]![channel]! / 3, 0));
    expectClose(await values(running), average);
  }
  expect(await values(norm.numBatchesTracked)).toEqual([3]);
});

test('without running statistics evaluation normalises by the batch as well', async () => {
  const norm = new nn.BatchNorm2d(2, { trackRunningStats: false, device: cpu }).eval();
  const [means] = await statistics(norm.forward(images(4, 4, 2, 3, 3)));
  expectClose(means, [0, 0]);
});

test('a training step between evaluation and its backward is noticed', () => {
  const norm = new nn.BatchNorm2d(2, { device: cpu });
  const y = norm.eval().forward(images(5, 2, 2, 2, 2));
  norm.train().forward(images(6, 2, 2, 2, 2));
  expect(() => y.sum().backward()).toThrow(/'batchNorm' needs was changed in place/);
  const [first, second] = [norm.forward(images(7, 2, 2, 2, 2)), norm.forward(images(8, 2, 2, 2, 2))];
  first.add(second).sum().backward();
  expect(norm.bias!.grad).not.toBeNull();
});

test('a checkpoint keeps running statistics and the count', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'wgrad-norms-'));
  try {
    const model = new nn.Sequential(new nn.BatchNorm2d(3, { device: cpu }));
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.1 });
    model
      .forward(images(9, 4, 3, 2, 2))
      .square()
      .sum()
      .backward();
    optimizer.step();
    const path = join(folder, 'last.safetensors');
    await saveCheckpoint(path, model, optimizer, { epoch: 1, step: 1 }, '');
    const other = new nn.Sequential(new nn.BatchNorm2d(3, { device: cpu }));
    expect(await hashWeights(other)).not.toBe(await hashWeights(model));
    await loadWeights(path, other);
    expect(await hashWeights(other)).toBe(await hashWeights(model));
    expect(await values(other.stateDict()['0.num_batches_tracked'])).toEqual([1]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('numbers far from 0 keep their spread', async () => {
  const x = images(10, 8, 1, 16, 16).add(10_000);
  const y = x.batchNorm(null, null, { training: true });
  // float32 beside 10,000 has steps of 0.001, which the input already went through.
  const spread = await values(y.var([0, 2, 3], { correction: 0 }));
  expect(spread[0]).toBeCloseTo(1, 4);
  expect((await values(y.mean([0, 2, 3])))[0]).toBeCloseTo(0, 3);
});

test('what does not fit is refused, with what would', () => {
  const x = zeros([2, 3, 2, 2], { device: cpu });
  const message = (body: () => unknown): string => {
    try {
      body();
    } catch (error) {
      return String(error);
    }
    return 'no error';
  };
  const running = [zeros([3], { device: cpu }), ones([3], { device: cpu })] as const;
  expect(message(() => x.batchNorm(zeros([2], { device: cpu }), running[1]))).toMatchInlineSnapshot(`
    "ShapeError: batchNorm: running mean does not fit
      takes  input [N, C] or [N, C, …]; statistics, weight and bias [C]
      got    input float32[2, 3, 2, 2], running mean float32[2], running variance float32[3]
      where  C = 3"
  `);
  expect(message(() => x.batchNorm(null, null))).toMatchInlineSnapshot(`
    "ArgumentError: batchNorm: no statistics
      takes  running mean and variance, or training: true
      got    running mean none, running variance none"
  `);
  expect(message(() => zeros([1, 3], { device: cpu }).batchNorm(...running, { training: true })))
    .toMatchInlineSnapshot(`
      "ShapeError: batchNorm: expected more than 1 value per channel when training
        takes  input [N, C, …] with at least two values per channel, or training: false
        got    input float32[1, 3]"
    `);
  expect(message(() => zeros([3], { device: cpu }).batchNorm(...running))).toMatchInlineSnapshot(`
    "ShapeError: batchNorm: no channels
      takes  input [N, C] or [N, C, …]; statistics, weight and bias [C]
      got    input float32[3], running mean float32[3], running variance float32[3]"
  `);
  expect(
    message(() => x.batchNorm(zeros([6], { device: cpu }).slice([0, 6, 2]), running[1], { training: true })),
  ).toMatchInlineSnapshot(`
    "ArgumentError: batchNorm: running mean is a strided view
      takes  contiguous running statistics, because they are updated in place
      got    Tensor float32[3] on cpu"
  `);
  expect(message(() => x.batchNorm(...running, { training: true, momentum: -1 }))).toMatchInlineSnapshot(`
    "ArgumentError: batchNorm: invalid momentum
      takes  momentum ≥ 0
      got    momentum -1"
  `);
  expect(message(() => new nn.BatchNorm2d(3, { device: cpu }).forward(zeros([2, 3], { device: cpu }))))
    .toMatchInlineSnapshot(`
    "ShapeError: BatchNorm2d: not a batch of images
      takes  input float32[N, C, H, W]
      got    input float32[2, 3]"
  `);
  expect(message(() => new nn.BatchNorm2d(0, { device: cpu }))).toMatchInlineSnapshot(`
    "ArgumentError: BatchNorm2d: invalid size
      takes  positive integers
      got    [0]"
  `);
  expect(message(() => x.layerNorm([3, 2], { weight: running[0] }))).toMatchInlineSnapshot(`
    "ShapeError: layerNorm: the normalised shape does not fit
      takes  an input that ends in the normalised shape; weight and bias of that shape
      got    input float32[2, 3, 2, 2], normalizedShape [3, 2], weight float32[3]"
  `);
  expect(message(() => tensor([1, 2], { dtype: 'int32', device: cpu }).layerNorm(2))).toMatchInlineSnapshot(`
    "DTypeError: layerNorm: no int32
      takes  float32, float64 (convert with to(dtype))
      got    int32[2]"
  `);
});

test('InstanceNorm2d takes one image without a batch, as PyTorch’s does, and nothing that is no image', async () => {
  const norm = new nn.InstanceNorm2d(3, { device: cpu });
  const batch = images(1, 2, 3, 4, 5);
  const one = norm.forward(batch.at(1));
  expect(one.shape).toEqual([3, 4, 5]);
  expect(await values(one)).toEqual(await values(norm.forward(batch).at(1)));
  for (const shape of [
    [2, 3],
    [2, 3, 4, 5, 6],
    [2, 3, 1, 1],
  ]) {
    expect(() => norm.forward(images(1, ...shape))).toThrow(/InstanceNorm2d: not images/);
  }
});
