import type { DataDescription } from '../../pipeline/data/description.ts';
import type { BatchedModel } from '../inference/batchedModel.ts';
import { type InputImage, readInputs, type UnreadableInput } from './inputs.ts';
import type { OutputFormat } from './output.ts';

export interface PredictFilesOptions {
  readonly format: OutputFormat;
  /** Takes the next piece of the output. */
  readonly write: (text: string) => Promise<void>;
  /** Called after each batch with the number of images so far. */
  readonly onProgress: (images: number) => void;
  readonly signal: AbortSignal;
  /** Where a path lies that was given: relative to another folder, perhaps. */
  readonly locate?: ((path: string) => string) | undefined;
}

export interface PredictedFiles {
  readonly images: number;
  readonly unreadable: readonly UnreadableInput[];
}

/**
 * Classifies the images of files and folders. An image gets the same bits as from the service: it is prepared and computed
 * by the same code, in batches of the same size.
 *
 * @throws the signal's reason when it is aborted, or errors of the device
 */
export async function predictFiles(
  model: Pick<BatchedModel, 'predict' | 'batchSize'>,
  data: DataDescription,
  paths: readonly string[],
  { format, write, onProgress, signal, locate }: PredictFilesOptions,
): Promise<PredictedFiles> {
  const unreadable: UnreadableInput[] = [];
  let images = 0;
  let batch: InputImage[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    const rows = await model.predict(batch.map(({ pixels }) => pixels));
    const texts = batch.map(({ path, row }, index) => {
      const probabilities = Array.from(rows[index]!);
      const label = probabilities.indexOf(Math.max(...probabilities));
      const probability = probabilities[label]!;
      return format.prediction({
        path,
        row,
        class: label,
        name: data.classes[label]!,
        probability,
        probabilities,
      });
    });
    await write(texts.join(''));
    images += batch.length;
    batch = [];
    onProgress(images);
  };
  await write(format.begin());
  for await (const input of readInputs(paths, data, locate)) {
    signal.throwIfAborted();
    if ('problem' in input) unreadable.push(input);
    else if (batch.push(input) === model.batchSize) await flush();
  }
  await flush();
  await write(format.end(unreadable));
  return { images, unreadable };
}
