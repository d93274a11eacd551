import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadWeights, saveCheckpoint } from '../../src/pipeline/checkpoint/checkpoint.ts';
import { encodeSafetensors, type SafeTensor } from '../../src/formats/safetensors/index.ts';
import { nn, open, optim, setDefaultDevice, tensor, type Tensor } from '../../src/index.ts';
import { temporaryFolder } from '../pipeline/files/disks.ts';
import { MODELS, modelText } from './models.ts';
import { exchangeSuite, modelOn, readTensors } from './suite.ts';

const cpu = await open('cpu');
setDefaultDevice(cpu);

exchangeSuite(() => Promise.resolve(cpu));

for (const name of MODELS) {
  test(`the ${name} prints as PyTorch prints it`, () => {
    expect(String(modelOn(modelText(name), cpu))).toBe(modelText(name));
  });
}

/** A layer with the tensors that a batch norm of PyTorch has. */
class Norm extends nn.Module {
  readonly weight: Tensor = tensor([1, 1], { requiresGrad: true });
  readonly runningMean: Tensor = tensor([0, 0]);
  readonly numBatchesTracked: Tensor = tensor(0, { dtype: 'int32' });
  override forward(x: Tensor): Tensor {
    return x;
  }
}

/** One that does not count batches. */
class Uncounted extends nn.Module {
  readonly weight: Tensor = tensor([1, 1], { requiresGrad: true });
  readonly runningMean: Tensor = tensor([0, 0]);
  override forward(x: Tensor): Tensor {
    return x;
  }
}

const pair = (...values: [number, number]): SafeTensor => ({
  dtype: 'F32',
  shape: [2],
  data: Float32Array.from(values),
});
const count: SafeTensor = { dtype: 'I64', shape: [], data: BigInt64Array.of(7n) };
const state = { '0.weight': pair(1.5, 2), '0.running_mean': pair(3, 4), '0.num_batches_tracked': count };

/** Loads a file of these tensors into a model of one layer, whose tensors it gives. */
async function load(
  tensors: Record<string, SafeTensor>,
  layer: nn.Module,
): Promise<Record<string, number[]>> {
  const path = join(temporaryFolder(), 'weights.safetensors');
  writeFileSync(path, encodeSafetensors(tensors));
  await loadWeights(path, new nn.Sequential(layer));
  const entries = Object.entries(layer.stateDict()).map(
    async ([name, value]) => [name, Array.from(await value.data())] as const,
  );
  return Object.fromEntries(await Promise.all(entries));
}

test('PyTorch’s int64 scalars load into int32 tensors, and are dropped where a model does not count', async () => {
  const loaded = { weight: [1.5, 2], running_mean: [3, 4] };
  expect(await load(state, new Norm())).toEqual({ ...loaded, num_batches_tracked: [7] });
  expect(await load(state, new Uncounted())).toEqual(loaded);
});

test('half-precision weights load into float32 tensors', async () => {
  const halves: SafeTensor = { dtype: 'F16', shape: [2], data: Uint16Array.of(0x3e00, 0x4000) };
  const brains: SafeTensor = { dtype: 'BF16', shape: [2], data: Uint16Array.of(0x4040, 0x4080) };
  const loaded = { weight: [1.5, 2], running_mean: [3, 4] };
  expect(await load({ '0.weight': halves, '0.running_mean': brains }, new Uncounted())).toEqual(loaded);
});

test('a checkpoint holds PyTorch’s dtypes, and says what model it is of', async () => {
  const path = join(temporaryFolder(), 'model.safetensors');
  const model = new nn.Sequential(new Norm());
  const position = { epoch: 1, step: 2 };
  await saveCheckpoint(path, model, new optim.Adam(model.parameters()), position, 'name: test');
  const tensors = readTensors(path);
  expect(tensors.get('0.num_batches_tracked')).toEqual({ ...count, data: BigInt64Array.of(0n) });
  expect(tensors.get('0.weight')!.dtype).toBe('F32');
  const again = new nn.Sequential(new Norm());
  await loadWeights(path, again);
  expect(String(again)).toBe('Sequential(\n  (0): Norm()\n)');
});

test.each([
  [
    { ...state, '0.num_batches_tracked': { ...count, data: BigInt64Array.of(2n ** 40n) } },
    /I64.*got 1099511627776/,
  ],
  [{ ...state, '0.weight': { ...count, shape: [1] } }, /0\.weight: takes float32\[2\], got I64/],
  [
    { ...state, '0.weight': { dtype: 'C64', shape: [2], data: new Float32Array(4) } as const },
    /C64 is complex/,
  ],
  [{ ...state, '0.bias': pair(0, 0) }, /unknown 0\.bias/],
  [{ '0.weight': pair(0, 0) }, /no 0\.running_mean/],
])('refuses weights that do not fit, and changes nothing', async (tensors, message) => {
  const layer = new Norm();
  await expect(load(tensors, layer)).rejects.toThrow(message);
  expect(Array.from(await layer.weight.data())).toEqual([1, 1]);
});
