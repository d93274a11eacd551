import { beforeAll, describe, expect, it } from 'vitest';
import { exportOnnx, OnnxError } from '../../../src/formats/onnx/index.ts';
import {
  defaultDevice,
  nn,
  open,
  ones,
  rand,
  randn,
  setDefaultDevice,
  type Tensor,
  tensor,
} from '../../../src/index.ts';
import { Apply } from './models.ts';

beforeAll(async () => {
  setDefaultDevice(await open('cpu'));
});

const fault = (body: (x: Tensor) => Tensor, options = {}): Promise<unknown> =>
  exportOnnx(new Apply(body), rand([2, 3]), options).then(
    () => 'no fault',
    (error: unknown) => (error instanceof OnnxError ? error.message : error),
  );

describe('exportOnnx refuses', () => {
  it('an operation that has no ONNX form', async () => {
    expect(await fault((x) => x.diagonal().unsqueeze(0))).toMatch(
      /^exportOnnx: the operation 'diagonal' has no ONNX form here; supported are abs, adaptiveAvgPool2d, /,
    );
  });

  it('dropout in training', async () => {
    expect(await fault((x) => x.dropout(0.5))).toMatch(/dropout in training draws random numbers/);
  });

  it('random numbers', async () => {
    expect(await fault((x) => x.add(randn([3])))).toMatch(
      /uses a tensor float32\[3\] that depends on the input or its batch/,
    );
  });

  it('a size of the batch as a number, unless the batch is fixed', async () => {
    const mean = (x: Tensor): Tensor => x.sum(0).div(x.shape[0]!);
    expect(await fault(mean)).toMatch(/the last can with dynamicBatch: false/);
    expect(await fault(mean, { dynamicBatch: false })).toBe('no fault');
  });

  it('a size that is no multiple of the batch', async () => {
    const body = (x: Tensor): Tensor =>
      x
        .matmul(ones([3, 1]))
        .t()
        .matmul(ones([x.shape[0]!, x.shape[0]! + 1]));
    expect(await fault(body)).toMatch(
      /a size is 3 for a batch of 2 and 4 for 3, which is no multiple of the batch/,
    );
  });

  it('a part of the batch', async () => {
    expect(await fault((x) => x.slice([-1, null]))).toMatch(/slice takes a part of the batch/);
  });

  it('changes in place', async () => {
    expect(await fault((x) => x.mul(2).add_(1))).toMatch(/changes Tensor float32\[2, 3\] on cpu in place/);
  });

  it('other operations for another batch', async () => {
    expect(await fault((x) => (x.shape[0] === 2 ? x.relu() : x.abs()))).toMatch(
      /computes other operations for another input: operation 1 is relu, then abs/,
    );
    expect(await fault((x) => (x.shape[0] === 2 ? x.relu().abs() : x.relu()))).toMatch(
      /operation 2 is abs, then the end/,
    );
  });

  it('float16', async () => {
    const half = tensor([1, 2, 3]).to('float16');
    expect(await fault((x) => x.matmul(half.to('float32').unsqueeze(1)))).toMatch(
      /takes float32 and float64, got a float16/,
    );
  });

  it('options that do not fit', async () => {
    expect(await fault((x) => x.relu(), { opset: 12 })).toBe('exportOnnx: takes opset 13 to 21, got 12');
    expect(await fault((x) => x.relu(), { inputNames: ['a', 'b'] })).toBe(
      'exportOnnx: takes 1 different inputNames, got ["a","b"]',
    );
    expect(await fault((x) => x.relu(), { inputNames: ['a'], outputNames: ['a'] })).toBe(
      "exportOnnx: takes other outputNames than inputNames, got 'a' in both",
    );
    expect(String(await fault((x) => x.relu(), { dynamic: true }))).toMatch(/unknown option 'dynamic'/);
    await expect(exportOnnx(new Apply((x) => x.relu()), rand([0, 3]))).rejects.toThrow(/got float32\[0, 3\]/);
  });
});

describe('exportOnnx leaves as they were', () => {
  it('the modes of the modules, running statistics and the number of tensors', async () => {
    const model = new nn.Sequential(new nn.Conv2d(1, 2, 3), new nn.BatchNorm2d(2), new nn.Dropout());
    model.layers[2]!.eval();
    const image = rand([2, 1, 4, 4]);
    const mean = await model.stateDict()['1.running_mean']!.toArray();
    await exportOnnx(model, image);
    const before = defaultDevice().stats().buffersAlive;
    await exportOnnx(model, image);
    expect(defaultDevice().stats().buffersAlive).toBe(before);
    expect(model.layers.map(({ training }) => training)).toEqual([true, true, false]);
    expect(await model.stateDict()['1.running_mean']!.toArray()).toEqual(mean);
  });
});
