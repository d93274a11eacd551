import { noGrad } from '../tensor/gradientMode.ts';
import { scope } from '../tensor/scope.ts';
import type { Module } from '../nn/index.ts';
import type { Part } from './datasets.ts';

/** What a model says about some images. */
export interface Predictions {
  /** float32 [N, C], row by row: the probability of each class. */
  readonly probabilities: Float32Array;
  /** int32 [N]: the true classes. */
  readonly labels: Int32Array;
  /** N row numbers in the data set. */
  readonly rows: Uint32Array;
  /** C. */
  readonly classes: number;
}

/** Images a batch; no gradients are kept, so it can be large. */
const BATCH = 1000;

/**
 * The class probabilities of some images, in evaluation mode.
 *
 *     probabilities[n, c] = exp(logits[n, c]) / Σ_i exp(logits[n, i])
 *
 * @example const { probabilities, labels } = await predict(model, datasets.test);
 */
export async function predict(model: Module, { set, rows }: Part): Promise<Predictions> {
  const training = model.training;
  const order = set.order(rows);
  const labels = new Int32Array(rows.length);
  const parts: Float32Array[] = [];
  model.eval();
  try {
    for (let start = 0; start < rows.length; start += BATCH) {
      const size = Math.min(BATCH, rows.length - start);
      const batch = scope(() =>
        noGrad(() => {
          const { images, labels } = set.batch(order, start, size);
          return { probabilities: model.forward(images).softmax(1), labels };
        }),
      );
      parts.push(Float32Array.from(await batch.probabilities.data()));
      labels.set((await batch.labels.data()), start);
      batch.probabilities.dispose();
      batch.labels.dispose();
    }
  } finally {
    model.train(training);
    order.dispose();
  }
  const classes = parts[0] ? parts[0].length / Math.min(BATCH, rows.length) : 0;
  const probabilities = new Float32Array(rows.length * classes);
  parts.forEach((part, index) => probabilities.set(part, index * BATCH * classes));
  return { probabilities, labels, rows, classes };
}
