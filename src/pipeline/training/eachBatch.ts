import type { TypedArray } from '../../backend/dtypes.ts';
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
  const order = set.order(rows);
  model.eval();
  try {
    for (let start = 0; start < rows.length; start += BATCH) {
      const size = Math.min(BATCH, rows.length - start);
      const tensors = scope(() => noGrad(() => compute(set.batch(order, start, size))));
      const values = await valuesOf(tensors);
      read?.(values, start, size);
    }
  } finally {
    model.train(training);
    order.dispose();
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
