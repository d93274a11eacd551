import type { TypedArray } from '../../backend/dtypes.ts';
import type { Batch } from '../data/loader.ts';
import type { Module } from '../../nn/index.ts';
import { noGrad } from '../../tensor/gradientMode.ts';
import { scope } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Part } from '../data/datasets.ts';

/** Images a batch; no gradients are kept, so it can be large. */
export const BATCH = 1000;

/**
 * Goes through some images in batches, with the model in evaluation mode and without gradients.
 *
 * @param compute tensors of a batch
 * @param read takes their values; `start` counts the images before the batch, `size` those in it
 * @example
 * await eachBatch(model, test, ({ images }) => ({ classes: model.forward(images).argmax(1) }),
 *   ({ classes }, start) => all.set(classes, start));
 */
export async function eachBatch<T extends Readonly<Record<string, Tensor>>>(
  model: Module,
  { set, rows }: Part,
  compute: (batch: Batch) => T,
  read: (values: { readonly [K in keyof T]: TypedArray }, start: number, size: number) => void,
): Promise<void> {
  const training = model.training;
  const order = set.order(rows);
  model.eval();
  try {
    for (let start = 0; start < rows.length; start += BATCH) {
      const size = Math.min(BATCH, rows.length - start);
      const tensors = scope(() => noGrad(() => compute(set.batch(order, start, size))));
      read(await valuesOf(tensors), start, size);
    }
  } finally {
    model.train(training);
    order.dispose();
  }
}

/** The values of tensors, which are disposed. */
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
