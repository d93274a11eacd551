import type { Module } from '../../nn/index.ts';
import { crossEntropy } from '../../ops/crossEntropy.ts';
import type { Part } from '../data/datasets.ts';
import { BATCH, eachBatch } from './eachBatch.ts';
import { Meter } from './meter.ts';

export interface Evaluation {
  /** Share of images classified correctly. */
  accuracy: number;
  /** Mean cross-entropy, in nats. */
  loss: number;
}

/** The accuracy and loss of a model on some images, in evaluation mode; one read-back in all. */
export async function evaluate(model: Module, part: Part): Promise<Evaluation> {
  const count = part.rows.length;
  const meter = new Meter(part.set.device, Math.max(1, Math.ceil(count / BATCH)));
  const sizes: number[] = [];
  try {
    await eachBatch(
      model,
      part,
      ({ images, labels }) => {
        const logits = model.forward(images);
        meter.record(crossEntropy(logits, labels), logits, labels);
        return {};
      },
      (_, start, size) => sizes.push(size),
    );
    const { losses, correct } = await meter.read();
    const total = losses.reduce((sum, loss, index) => sum + loss * sizes[index]!, 0);
    return { accuracy: correct / count, loss: total / count };
  } finally {
    meter.dispose();
  }
}
