import { join } from 'node:path';
import { z } from 'zod';
import { tryReadJson } from '../files/json.ts';

/** Why a training ended: all epochs done, no improvement, or the time was up (it can be resumed then). */
export type StopReason = 'epochs' | 'earlyStopping' | 'maxMinutes';

/** How a model does on some images: means over them, in nats but for the accuracy. */
export interface Evaluation {
  /** What a training makes small. */
  readonly loss: number;
  /** Share of images classified correctly, of a classifier. */
  readonly accuracy?: number;
  /** The terms of an autoencoder's loss: the cross-entropy of an image's pixels, and how far its code is from normal. */
  readonly reconstruction?: number;
  readonly kl?: number;
}

/** `summary.json`: the results of a finished run. */
export interface RunSummary {
  /** Share of the test images that are classified correctly, from 0 to 1; of a classifier. */
  readonly testAccuracy?: number;
  /** Mean loss over the test images, in nats. */
  readonly testLoss: number;
  /** The terms of an autoencoder's loss. */
  readonly testReconstruction?: number;
  readonly testKl?: number;
  /** The same on the validation images; null where none were held out. */
  readonly validation: Evaluation | null;
  readonly stopped: StopReason;
  /** Epochs finished. */
  readonly epochs: number;
  readonly steps: number;
  /** The epoch whose weights were tested. */
  readonly bestEpoch: number;
  /** Training images a second, without validation and checkpoints. */
  readonly samplesPerSecond: number;
  /** From the start of the process until the first step had run on the device. */
  readonly secondsToFirstStep: number;
  /** Wall-clock time of the whole run. */
  readonly seconds: number;
  readonly device: string;
  /** To which the factors of products were rounded in training steps. */
  readonly precision: 'float32' | 'float16';
  readonly seed: number;
  readonly parameterCount: number;
  /** See `weightsSha256`. */
  readonly weightsSha256: string;
}

/** JSON has no other numbers: see `explicitNumbers`. */
const number = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number)]);

/** What tables and messages read; the rest stays as it is. */
const summarySchema = z.looseObject({
  testLoss: number,
  testAccuracy: number.optional(),
  validation: z.looseObject({ loss: number, accuracy: number.optional() }).nullable(),
  epochs: z.number(),
  seconds: z.number(),
});

/** The summary in the folder of a run; undefined while it is not finished, and where the file is no summary. */
export async function tryReadSummary(folder: string): Promise<RunSummary | undefined> {
  const { data } = summarySchema.safeParse(await tryReadJson(join(folder, 'summary.json')));
  return data as RunSummary | undefined;
}
