import type { Module } from '../../../../nn/index.ts';
import type { Part } from '../../../../pipeline/data/datasets.ts';
import { BATCH, eachBatch } from '../../../../pipeline/training/eachBatch.ts';
import { average, Meter } from '../../../../pipeline/training/meter.ts';
import { classification } from '../../../../pipeline/training/tasks.ts';
import type { Judgement } from './messages.ts';

/** As `evaluate`, and with the confusion matrix. */
export async function judge(model: Module, part: Part): Promise<Judgement> {
  const { length } = part.rows;
  const classes = part.set.description.classes.length;
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  const meter = new Meter(part.set.device, Math.ceil(length / BATCH));
  try {
    await eachBatch(
      model,
      part,
      (batch) => {
        const measured = classification.measure(model, batch);
        meter.add(measured);
        return { labels: batch.labels, predictions: measured.classified.logits.argmax(1) };
      },
      ({ labels, predictions }) => {
        labels.forEach((label, at) => confusion[label]![predictions[at]!]!++);
      },
    );
    const { accuracy, loss } = average(await meter.read(), BATCH, length % BATCH || BATCH);
    return { accuracy, loss, confusion, images: length };
  } finally {
    meter.dispose();
  }
}
