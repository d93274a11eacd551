import type { Module } from '../nn/index.ts';
import { crossEntropy } from '../ops/crossEntropy.ts';
import { noGrad } from '../tensor/gradientMode.ts';
import { scope } from '../tensor/scope.ts';
import type { Part } from './datasets.ts';

/** What a model says about some images. */
export interface Predictions {
  /** float32 [N, C], row by row: the probability of each class. */
  readonly probabilities: Float32Array;
  /** float32 [N]: the cross-entropy of each image, in nats. */
  readonly losses: Float32Array;
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
 *     losses[n]           = log Σ_i exp(logits[n, i]) - logits[n, labels[n]]
 *
 * The losses come from the logits: -log of a probability that has underflown to 0 would be infinite.
 *
 * @example const { probabilities, labels } = await predict(model, datasets.test);
 */
export async function predict(model: Module, { set, rows }: Part): Promise<Predictions> {
  const training = model.training;
  const order = set.order(rows);
  const labels = new Int32Array(rows.length);
  const losses = new Float32Array(rows.length);
  const parts: Float32Array[] = [];
  model.eval();
  try {
    for (let start = 0; start < rows.length; start += BATCH) {
      const size = Math.min(BATCH, rows.length - start);
      const batch = scope(() =>
        noGrad(() => {
          const { images, labels } = set.batch(order, start, size);
          const logits = model.forward(images);
          const losses = crossEntropy(logits, labels, { reduction: 'none' });
          return { probabilities: logits.softmax(1), losses, labels };
        }),
      );
      parts.push(Float32Array.from(await batch.probabilities.data()));
      losses.set(await batch.losses.data(), start);
      labels.set(await batch.labels.data(), start);
      batch.probabilities.dispose();
      batch.losses.dispose();
      batch.labels.dispose();
    }
  } finally {
    model.train(training);
    order.dispose();
  }
  const classes = parts[0] ? parts[0].length / Math.min(BATCH, rows.length) : 0;
  const probabilities = new Float32Array(rows.length * classes);
  parts.forEach((part, index) => probabilities.set(part, index * BATCH * classes));
  return { probabilities, losses, labels, rows, classes };
}
