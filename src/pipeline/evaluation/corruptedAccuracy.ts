import type { Backend } from '../../backend/backend.ts';
import type { Module } from '../../nn/index.ts';
import { CORRUPTIONS, corrupt, isGraded, SEVERITIES } from '../data/corruptions/index.ts';
import { PIXELS } from '../data/corruptions/image.ts';
import type { DataDescription } from '../data/description.ts';
import { DataError } from '../data/errors.ts';
import { IMAGE_SIZE, type ImageSet } from '../data/images.ts';
import { DeviceDataset } from '../data/loader.ts';
import { evaluate } from '../training/evaluate.ts';
import { classification } from '../training/tasks.ts';
import { createProgress } from '../training/progress.ts';

/**
 * The accuracy under each corruption of MNIST-C and Fashion-MNIST-C.
 *
 * @param description the data of the model
 * @param rows the images to use
 * @returns corruption → the accuracy at severity 1, 2, …; measured once where the severity makes no difference
 * @throws DataError for images of another size than 28 × 28, for which the corruptions are not defined
 */
export async function corruptedAccuracy(
  model: Module,
  device: Backend,
  description: DataDescription,
  { images, labels }: ImageSet,
  rows: Uint32Array,
  seed: number,
): Promise<Map<string, readonly number[]>> {
  const { height, width } = description;
  if (height !== IMAGE_SIZE || width !== IMAGE_SIZE) {
    throw new DataError('the corruptions are not defined for these images', {
      expected: `${IMAGE_SIZE} × ${IMAGE_SIZE} pixels`,
      got: `${height} × ${width}`,
      fix: 'evaluate without --robustness',
    });
  }
  const accuracies = new Map<string, readonly number[]>();
  const levels = (name: string): number => (isGraded(name) ? SEVERITIES : 1);
  const total = CORRUPTIONS.reduce((sum, name) => sum + levels(name), 0) * rows.length;
  const progress = createProgress({ total, label: 'corrupted images' });
  const order = Uint32Array.from(rows.keys());
  const start = performance.now();
  let done = 0;
  try {
    for (const corruption of CORRUPTIONS) {
      const found: number[] = [];
      for (let severity = 1; severity <= levels(corruption); severity++) {
        const bytes = new Uint8Array(rows.length * PIXELS);
        rows.forEach((row, at) => {
          const image = images.subarray(row * PIXELS, (row + 1) * PIXELS);
          bytes.set(corrupt(image, { corruption, severity, seed, index: row }), at * PIXELS);
        });
        const corrupted = {
          images: bytes,
          labels: Uint8Array.from(rows, (row) => labels[row]!),
          count: rows.length,
        };
        const set = new DeviceDataset(device, corrupted, description);
        const { accuracy, loss } = await evaluate(classification, model, { set, rows: order });
        set.dispose();
        found.push(accuracy);
        done += rows.length;
        const samplesPerSecond = (1000 * done) / (performance.now() - start);
        progress.update(done, { accuracy, loss, samplesPerSecond });
      }
      const all = Array.from({ length: SEVERITIES }, (_, at) => found[at] ?? found[0]!);
      accuracies.set(corruption, all);
    }
  } finally {
    progress.stop();
  }
  return accuracies;
}
