import type { TypedArray } from '../../backend/dtypes.ts';
import { DataLoader } from '../../data/dataLoader.ts';
import type { Batch } from '../data/loader.ts';
import type { Module } from '../../nn/index.ts';
import { noGrad } from '../../tensor/gradientMode.ts';
import { scope } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Part } from '../data/datasets.ts';

/** Images of a batch. It can be large, as no gradients are kept. */
export const BATCH = 1000;

/**
 * Passes images through a model in batches, in evaluation mode and without gradients.
 *
 * @param compute returns tensors of a batch
 * @param read gets their values; `start` is the number of images before the batch, `size` that of the batch
 * @example
 * await eachBatch(model, test, ({ images }) => ({ classes: model.forward(images).argmax(1) }),
 *   ({ classes }, start) => all.set(classes, start));
 */
export async function eachBatch<T extends Readonly<Record<string, Tensor>>>(
  model: Module,
  { set, rows }: Part,
  compute: (batch: Batch) => T,
  read?: (values: { readonly [K in keyof T]: TypedArray }, start: number, size: number) => void,
): Promise<void> {
  const training = model.training;
  const loader = new DataLoader(set.only(rows), { batchSize: BATCH });
  model.eval();
  let start = 0;
  try {
    for await (const batch of loader) {
      const size = batch.labels.numel();
      const tensors = scope(() => noGrad(() => compute(batch)));
      const values = await valuesOf(tensors);
      batch.images.dispose();
      batch.labels.dispose();
      read?.(values, start, size);
      start += size;
    }
  } finally {
    model.train(training);
  }
}

/** Reads the values of tensors and disposes them. */
async function valuesOf<T extends Readonly<Record<string, Tensor>>>(
  tensors: T,
): Promise<{ readonly [K in keyof T]: TypedArray }> {
  const values: Record<string, TypedArray> = {};
  for (const [name, tensor] of Object.entries(tensors)) {
    values[name] = await tensor.data();
    tensor.dispose();
  }
  return values as { readonly [K in keyof T]: TypedArray };
}
