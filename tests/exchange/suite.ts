import { readFileSync } from 'node:fs';
import { expect, test, type TestContext } from 'vitest';
import type { Backend } from '../../src/backend/backend.ts';
import { loadWeights } from '../../src/pipeline/checkpoint/checkpoint.ts';
import { decodeSafetensors, type SafeTensor } from '../../src/formats/safetensors/index.ts';
import { type nn, noGrad, scope, setDefaultDevice, tensor } from '../../src/index.ts';
import { fixturePath, modelOf, MODELS, modelText } from './models.ts';

/** PyTorch's logits and wgrad's differ by rounding alone: float32 sums of some dozens of products. */
export const BOUND = 1e-5;

/** The model of a text, on a device. */
export function modelOn(text: string, device: Backend): nn.Module {
  setDefaultDevice(device);
  return modelOf(text);
}

export function readTensors(path: string): Map<string, SafeTensor> {
  return decodeSafetensors(readFileSync(path)).tensors;
}

/** A model's logits in evaluation mode. */
export async function logitsOf(model: nn.Module, images: SafeTensor): Promise<Float32Array> {
  model.eval();
  const logits = scope(() =>
    noGrad(() => model.forward(tensor(images.data as Float32Array, { shape: images.shape }))),
  );
  const data = (await logits.data()) as Float32Array;
  logits.dispose();
  return data;
}

/** The largest difference, relative to numbers above 1. */
export function difference(found: Float32Array, expected: SafeTensor): number {
  const wanted = expected.data as Float32Array;
  expect(found.length).toBe(wanted.length);
  return Math.max(
    ...wanted.map((value, index) => Math.abs(found[index]! - value) / Math.max(1, Math.abs(value))),
  );
}

/** What PyTorch has saved gives the same logits here: committed files, for machines without PyTorch. */
export function exchangeSuite(open: (context: TestContext) => Promise<Backend>): void {
  for (const name of MODELS) {
    test(`weights of PyTorch's ${name} give PyTorch's logits`, async (context) => {
      const model = modelOn(modelText(name), await open(context));
      await loadWeights(fixturePath(name, 'weights.safetensors'), model);
      const expected = readTensors(fixturePath(name, 'expected.safetensors'));
      const found = await logitsOf(model, expected.get('images')!);
      expect(difference(found, expected.get('logits')!)).toBeLessThan(BOUND);
    });
  }
}
