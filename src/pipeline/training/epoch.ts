import type { Tensor } from '../../tensor/tensor.ts';
import type { Configuration } from '../config/configuration.ts';
import { type AugmentationDraw, changesImages } from '../data/augmentation.ts';
import type { Part } from '../data/datasets.ts';
import type { Batch } from '../data/loader.ts';
import { permutation } from '../../data/permutation.ts';
import type { StepBatches } from './step.ts';

/** The batches of one step; they must be used before the next step is taken from the epoch. */
export interface EpochStep extends StepBatches {
  /** Images of the epoch that are done after this step. */
  readonly done: number;
}

/** How many steps an epoch has; the last may have fewer images than the others. */
export function stepsPerEpoch({ rows }: Part, { train }: Configuration): number {
  return Math.ceil(rows.length / (train.batchSize * train.accumulate));
}

/** The steps of one epoch. Order and augmentation are functions of the seed and the epoch's number. */
export class Epoch {
  readonly #part: Part;
  readonly #order: Tensor;
  readonly #batchSize: number;
  readonly #stepSize: number;
  readonly #draw: AugmentationDraw | undefined;
  /** First image of the present step. */
  #start = 0;

  /** @param epoch counted from 1 */
  constructor(part: Part, { seed, data, train }: Configuration, epoch: number) {
    const { set, rows } = part;
    this.#part = part;
    this.#batchSize = train.batchSize;
    this.#stepSize = train.batchSize * train.accumulate;
    this.#order = set.order(permutation(rows.length, { seed, stream: epoch }).map((at) => rows[at]!));
    const { augmentation } = data;
    this.#draw = changesImages(augmentation) ? { ...augmentation, seed, stream: epoch } : undefined;
  }

  /** @param first the number of steps that are done already */
  *steps(first: number): Generator<EpochStep> {
    const { set, rows } = this.#part;
    for (let start = first * this.#stepSize; start < rows.length; start += this.#stepSize) {
      const done = Math.min(start + this.#stepSize, rows.length);
      const stepSize = done - start;
      const batches: (() => Batch)[] = [];
      for (let at = 0; at < stepSize; at += this.#batchSize) {
        const size = Math.min(this.#batchSize, stepSize - at);
        batches.push(() => set.batch(this.#order, () => this.#start + at, size, this.#draw));
      }
      this.#start = start;
      yield { batches, size: stepSize, done };
    }
  }

  dispose(): void {
    this.#order.dispose();
  }
}
