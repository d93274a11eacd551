import type { Backend } from '../../backend/backend.ts';
import { IMAGE_SIZE } from '../data/fashionMnist.ts';
import type { ImageSet } from '../data/fashionMnist.ts';
import { DeviceDataset } from '../data/loader.ts';
import type { Module } from '../../nn/index.ts';
import { evaluate } from '../training/evaluate.ts';
import { createProgress } from '../training/progress.ts';

/** What an image is corrupted by; the result is a pure function of the image and of this. */
export interface Corruption {
  readonly corruption: string;
  /** From 1 up. */
  readonly severity: number;
  readonly seed: number;
  /** Row of the image in its data set. */
  readonly index: number;
}

/** A family of corruptions. */
export interface Corruptions {
  readonly names: readonly string[];
  readonly severities: number;
  /** Whether the severity makes a difference. */
  readonly isGraded: (name: string) => boolean;
  /** uint8 [784] → uint8 [784]. */
  readonly corrupt: (image: Uint8Array, corruption: Corruption) => Uint8Array;
}

const PIXELS = IMAGE_SIZE * IMAGE_SIZE;

/**
 * The accuracy on images corrupted in every way.
 *
 * @param rows which of the images to take
 * @returns corruption → the accuracy at severity 1, 2, …; measured once where the severity makes no difference
 */
export async function corruptedAccuracy(
  model: Module,
  device: Backend,
  images: ImageSet,
  rows: Uint32Array,
  { names, severities, isGraded, corrupt }: Corruptions,
  seed: number,
): Promise<Map<string, readonly number[]>> {
  const accuracies = new Map<string, readonly number[]>();
  const levels = (name: string): number => (isGraded(name) ? severities : 1);
  const total = names.reduce((sum, name) => sum + levels(name), 0) * rows.length;
  const progress = createProgress({ total, label: 'corrupted images' });
  const labels = Uint8Array.from(rows, (row) => images.labels[row]!);
  const order = Uint32Array.from(rows.keys());
  const start = performance.now();
  let done = 0;
  try {
    for (const corruption of names) {
      const found: number[] = [];
      for (let severity = 1; severity <= levels(corruption); severity++) {
        const bytes = new Uint8Array(rows.length * PIXELS);
        rows.forEach((row, at) => {
          const image = images.images.subarray(row * PIXELS, (row + 1) * PIXELS);
          bytes.set(corrupt(image, { corruption, severity, seed, index: row }), at * PIXELS);
        });
        const set = new DeviceDataset(device, { images: bytes, labels, count: rows.length });
        const { accuracy, loss } = await evaluate(model, { set, rows: order });
        set.dispose();
        found.push(accuracy);
        done += rows.length;
        const samplesPerSecond = (1000 * done) / (performance.now() - start);
        progress.update(done, { accuracy, loss, samplesPerSecond });
      }
      accuracies.set(
        corruption,
        Array.from({ length: severities }, (_, at) => found[at] ?? found[0]!),
      );
    }
  } finally {
    progress.stop();
  }
  return accuracies;
}
