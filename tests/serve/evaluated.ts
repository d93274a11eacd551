import type { Backend } from '../../src/backend/backend.ts';
import { openTestPart } from '../../src/pipeline/data/datasets.ts';
import { predictedClasses } from '../../src/pipeline/evaluation/measures/ranking.ts';
import { predict, type Predictions } from '../../src/pipeline/evaluation/predictions.ts';
import { findTrainedModel } from '../../src/serve/registry/trainedModel.ts';
import { setDefaultDevice } from '../../src/tensor/device.ts';

/** What an image was taken for, and with which probabilities. */
export interface Answer {
  readonly label: number;
  readonly probabilities: readonly number[];
}

export interface Evaluated {
  readonly images: readonly Uint8Array[];
  /** As `evaluate` goes through them. */
  readonly whole: readonly Answer[];
  /** By the same code, in batches of another size. */
  readonly inBatches: readonly Answer[];
}

/**
 * What `evaluate` says about the first test images: its own code, on a model of this repository.
 *
 * @param batchSize of `inBatches`
 */
export async function evaluated(
  device: Backend,
  name: string,
  { count, batchSize }: { count: number; batchSize: number },
): Promise<Evaluated> {
  const { configuration, load } = await findTrainedModel(name, { runs: 'runs', models: 'models' });
  const train = { ...configuration.train, limitTest: count };
  setDefaultDevice(device);
  const { model, data } = await load();
  const { signal } = new AbortController();
  const test = await openTestPart({ ...configuration, train }, data, device, signal);
  const { set, rows } = test;
  const { images } = test.data.test;
  const inBatches: Answer[] = [];
  for (let start = 0; start < rows.length; start += batchSize) {
    inBatches.push(
      ...answersOf(await predict(model, { set, rows: rows.subarray(start, start + batchSize) })),
    );
  }
  return {
    images: Array.from(rows, (row) => images.subarray(784 * row, 784 * (row + 1))),
    whole: answersOf(await predict(model, test)),
    inBatches,
  };
}

function answersOf(predictions: Predictions): Answer[] {
  const { probabilities, classes } = predictions;
  return Array.from(predictedClasses(predictions), (label, at) => ({
    label,
    probabilities: Array.from(probabilities.subarray(at * classes, (at + 1) * classes)),
  }));
}
