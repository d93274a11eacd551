import type { Module } from '../../nn/index.ts';
import { crossEntropy } from '../../ops/crossEntropy.ts';
import type { Part } from '../data/datasets.ts';
import { BATCH, eachBatch } from './eachBatch.ts';
import { average, Meter } from './meter.ts';

export interface Evaluation {
  /** Share of images classified correctly. */
  accuracy: number;
  /** Mean cross-entropy, in nats. */
  loss: number;
}

/** The accuracy and loss of a model on some images, in evaluation mode; values are read from the device once. */
export async function evaluate(model: Module, part: Part): Promise<Evaluation> {
  const count = part.rows.length;
  const meter = new Meter(part.set.device, Math.max(1, Math.ceil(count / BATCH)));
  try {
    await eachBatch(model, part, ({ images, labels }) => {
      const logits = model.forward(images);
      meter.add(crossEntropy(logits, labels), logits, labels);
      return {};
    });
    const { accuracy, loss } = average(await meter.read(), BATCH, count % BATCH || BATCH);
    return { accuracy, loss };
  } finally {
    meter.dispose();
  }
}
