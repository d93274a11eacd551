import type { Module } from '../../nn/index.ts';
import type { Part } from '../data/datasets.ts';
import { BATCH, eachBatch } from './eachBatch.ts';
import { average, Meter } from './meter.ts';
import type { Evaluation, Task } from './tasks.ts';

/** How a model does on some images, in evaluation mode; values are read from the device once. */
export async function evaluate<E extends Evaluation>(task: Task<E>, model: Module, part: Part): Promise<E> {
  const count = part.rows.length;
  const meter = new Meter(part.set.device, Math.max(1, Math.ceil(count / BATCH)), task.terms);
  try {
    await eachBatch(model, part, (batch) => {
      meter.add(task.measure(model, batch));
      return {};
    });
    return task.evaluation(average(await meter.read(), BATCH, count % BATCH || BATCH));
  } finally {
    meter.dispose();
  }
}
