/** Why a training ended: all epochs done, no improvement, or the time was up (it can be resumed then). */
export type StopReason = 'epochs' | 'earlyStopping' | 'maxMinutes';

/** `summary.json`: the results of a finished run. */
export interface RunSummary {
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
