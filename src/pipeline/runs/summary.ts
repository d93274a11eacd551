import { writeFileAtomic } from '../files/atomicFile.ts';
import { explicitNumbers } from '../files/jsonNumbers.ts';

/** Why a training ended: all epochs done, no progress, or the time was up (it can go on then). */
export type StopReason = 'epochs' | 'earlyStopping' | 'maxMinutes';

/** What a finished run came to. */
export interface Summary {
  /** Share of the test images that are classified correctly, from 0 to 1. */
  readonly testAccuracy: number;
  /** Mean cross-entropy over the test images, in nats. */
  readonly testLoss: number;
  /** The same on the validation images; null where none were held out. */
  readonly validation: { readonly accuracy: number; readonly loss: number } | null;
  readonly stopped: StopReason;
  /** Epochs finished. */
  readonly epochs: number;
  readonly steps: number;
  /** The epoch whose weights were tested. */
  readonly bestEpoch: number;
  /** Training images a second, validation and checkpoints left out. */
  readonly samplesPerSecond: number;
  /** From the start of the process until the first step had run on the device. */
  readonly secondsToFirstStep: number;
  /** Wall-clock time of the whole run. */
  readonly seconds: number;
  readonly device: string;
  /** What factors were rounded to in training steps. */
  readonly precision: 'float32' | 'float16';
  readonly seed: number;
  readonly parameterCount: number;
  /** See `weightsSha256`. */
  readonly weightsSha256: string;
}

/**
 * Writes `summary.json`. Numbers that JSON lacks are the strings "NaN", "Infinity" and "-Infinity".
 *
 * @throws FileError where it cannot be written.
 */
export async function writeSummary(path: string, summary: Summary): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(summary, explicitNumbers, 2)}\n`);
}
