import type { Backend } from '../../backend/backend.ts';
import type { Module } from '../../nn/index.ts';
import { clipGradNorm, type GradScaler, type Optimizer } from '../../optim/index.ts';
import { capture } from '../../tensor/capture.ts';
import { scope } from '../../tensor/scope.ts';
import type { Batch } from '../data/loader.ts';
import type { WeightAverage } from './average.ts';
import type { Meter } from './meter.ts';
import type { Task } from './tasks.ts';

/** What all steps of a training work on. */
export interface StepParts {
  readonly model: Module;
  readonly task: Task;
  readonly optimizer: Optimizer;
  readonly meter: Meter;
  /** The greatest norm of all gradients together; undefined: no clipping. */
  readonly maxNorm: number | undefined;
  /** See `crossEntropy`. */
  readonly labelSmoothing?: number | undefined;
  /** Follows the weights, where there is one. */
  readonly average?: WeightAverage | undefined;
  /** For steps with float16 factors, whose loss is scaled. */
  readonly scaler: GradScaler | undefined;
}

/** The batches of one step. */
export interface StepBatches {
  /** Each makes its batch when it is called. */
  readonly batches: readonly (() => Batch)[];
  /** Images in all batches. */
  readonly size: number;
}

/**
 * One training step: the gradient of the mean loss over all batches, and the optimizer's step along it.
 *
 *     g = Σ (nᵢ / size) · ∂lossᵢ / ∂p,   lossᵢ the mean over the nᵢ images of batch i
 *
 * Nothing waits for the device; losses and hits stay in the meter, one entry a batch.
 */
export function trainStep(
  { model, task, optimizer, meter, maxNorm, labelSmoothing, average, scaler }: StepParts,
  { batches, size }: StepBatches,
): void {
  for (const nextBatch of batches) {
    scope(() => {
      const batch = nextBatch();
      const precision = scaler ? 'float16' : 'float32';
      const measured = task.measure(model, batch, { labelSmoothing, precision });
      const { loss } = measured;
      const share = batch.labels.numel() / size;
      const part = share === 1 ? loss : loss.mul(share);
      (scaler ? scaler.scale(part) : part).backward();
      meter.add(measured);
    });
  }
  scope(() => {
    scaler?.unscale(optimizer);
    if (maxNorm !== undefined) clipGradNorm(model.parameters(), maxNorm);
    if (scaler) scaler.step(optimizer);
    else optimizer.step();
    scaler?.update();
    average?.update();
    optimizer.zeroGrad();
  });
}

/** Takes the steps of an epoch, one after the other. */
export interface Stepper {
  take(step: StepBatches): Promise<void> | undefined;
  dispose(): Promise<void> | undefined;
}

/** Watches the steps of an epoch, for example to profile them. */
export interface StepWatcher {
  /**
   * Returns a stepper that takes the same steps as `stepper`.
   *
   * @param done steps of the training before this epoch
   */
  watch(stepper: Stepper, device: Backend, done: number): Stepper;
}

/**
 * A stepper that captures and replays, with one recording for each size of a step. It serves one epoch, whose order of
 * images the recordings refer to.
 *
 * @param verifyEvery compares every n-th replay with the step itself, bit by bit
 * @throws CaptureError when they differ
 */
export function capturedSteps(parts: StepParts, device: Backend, verifyEvery: number = Infinity): Stepper {
  let batches: StepBatches['batches'] = [];
  const step = capture((size: number) => trainStep(parts, { batches, size }), { device });
  let taken = 0;
  return {
    take: ({ batches: own, size }) => {
      batches = own;
      if (++taken % verifyEvery === 0) return step.verify(size).then(() => undefined);
      step(size);
      return undefined;
    },
    dispose: () => {
      step.dispose();
      return undefined;
    },
  };
}

/** A stepper without capture. */
export function plainSteps(parts: StepParts): Stepper {
  return {
    take: (step) => {
      trainStep(parts, step);
      return undefined;
    },
    dispose: () => undefined,
  };
}
