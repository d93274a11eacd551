import type { Batch } from '../data/loader.ts';
import type { Module } from '../nn/index.ts';
import { crossEntropy } from '../ops/crossEntropy.ts';
import { clipGradNorm, type Optimizer } from '../optim/index.ts';
import { scope } from '../tensor/scope.ts';
import type { Meter } from './meter.ts';

/** What a training step works on. */
export interface Step {
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly meter: Meter;
  /** The greatest norm of all gradients together; they are left as they are without it. */
  readonly maxNorm?: number;
  /** Gives the batches whose gradients make the step, each when it is its turn. */
  readonly batches: readonly (() => Batch)[];
  /** Images in all these batches. */
  readonly size: number;
}

/**
 * One training step: the gradient of the mean loss over all batches, and the optimizer's step along it.
 *
 *     g = Σ (nᵢ / size) · ∂lossᵢ / ∂p,   lossᵢ the mean over the nᵢ images of batch i
 *
 * Nothing waits for the device; losses and hits are left in the meter, a batch each.
 */
export function trainStep({ model, optimizer, meter, maxNorm, batches, size }: Step): void {
  for (const nextBatch of batches) {
    scope(() => {
      const { images, labels } = nextBatch();
      const logits = model.forward(images);
      const loss = crossEntropy(logits, labels);
      const share = labels.numel() / size;
      (share === 1 ? loss : loss.mul(share)).backward();
      meter.record(loss, logits, labels);
    });
  }
  scope(() => {
    if (maxNorm !== undefined) clipGradNorm(model.parameters(), maxNorm);
    optimizer.step();
    optimizer.zeroGrad();
  });
}
