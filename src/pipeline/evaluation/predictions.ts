import type { Module } from '../../nn/index.ts';
import { crossEntropy } from '../../ops/crossEntropy.ts';
import type { Part } from '../data/datasets.ts';
import { eachBatch } from '../training/eachBatch.ts';

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
export async function predict(model: Module, part: Part): Promise<Predictions> {
  const { rows } = part;
  const labels = new Int32Array(rows.length);
  const losses = new Float32Array(rows.length);
  let probabilities = new Float32Array(0);
  await eachBatch(
    model,
    part,
    ({ images, labels }) => {
      const logits = model.forward(images);
      const losses = crossEntropy(logits, labels, { reduction: 'none' });
      return { probabilities: logits.softmax(1), losses, labels };
    },
    (values, start, size) => {
      const classes = values.probabilities.length / size;
      if (start === 0) probabilities = new Float32Array(rows.length * classes);
      probabilities.set(values.probabilities, start * classes);
      losses.set(values.losses, start);
      labels.set(values.labels, start);
    },
  );
  const classes = rows.length === 0 ? 0 : probabilities.length / rows.length;
  return { probabilities, losses, labels, rows, classes };
}
