import type { Module } from '../nn/index.ts';
import { crossEntropy } from '../ops/crossEntropy.ts';
import { noGrad } from '../tensor/gradientMode.ts';
import { scope } from '../tensor/scope.ts';
import type { Part } from './datasets.ts';
import { Meter } from './meter.ts';

export interface Evaluation {
  /** Share of images classified correctly. */
  accuracy: number;
  /** Mean cross-entropy, in nats. */
  loss: number;
}

/** Images a batch; no gradients are kept, so it can be large. */
const BATCH = 1000;

/** The accuracy and loss of a model on some images, in evaluation mode; one read-back in all. */
export async function evaluate(model: Module, { set, rows }: Part): Promise<Evaluation> {
  const training = model.training;
  const batches = Math.ceil(rows.length / BATCH);
  const order = set.order(rows);
  const meter = new Meter(order.device, Math.max(1, batches));
  model.eval();
  try {
    for (let start = 0; start < rows.length; start += BATCH) {
      scope(() => {
        noGrad(() => {
          const { images, labels } = set.batch(order, start, Math.min(BATCH, rows.length - start));
          const logits = model.forward(images);
          meter.record(crossEntropy(logits, labels), logits, labels);
        });
      });
    }
    const { losses, correct } = await meter.read();
    const total = losses.reduce(
      (sum, loss, index) => sum + loss * Math.min(BATCH, rows.length - index * BATCH),
      0,
    );
    return { accuracy: correct / rows.length, loss: total / rows.length };
  } finally {
    model.train(training);
    meter.dispose();
    order.dispose();
  }
}
