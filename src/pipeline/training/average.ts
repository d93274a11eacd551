import type { Module, StateDict } from '../../nn/index.ts';
import { AveragedModel } from '../../optim/index.ts';

/**
 * The average of a model's weights and running statistics that a training evaluates and saves. Its noise is smaller than
 * theirs, and its accuracy often higher. It begins with the weights at the start: see `AveragedModel`.
 */
export class WeightAverage {
  readonly #average: AveragedModel;
  readonly #tensors: StateDict;

  /** @param decay the share of the average that a step keeps, from 0 to below 1 */
  constructor(model: Module, decay: number) {
    this.#average = new AveragedModel(model, { decay, useBuffers: true });
    this.#average.updateParameters();
    const { n_averaged: count, ...averages } = this.#average.stateDict();
    count!.dispose();
    this.#tensors = Object.fromEntries(
      Object.entries(averages).map(([name, each]) => [name.replace(/^module\./, ''), each]),
    );
  }

  /** Takes the model's present weights into the average. */
  update(): void {
    this.#average.updateParameters();
  }

  /** Calls `body` while the model has the averages instead of its weights. */
  async used<T>(body: () => Promise<T>): Promise<T> {
    this.#average.swap();
    try {
      return await body();
    } finally {
      this.#average.swap();
    }
  }

  /** The averages by the names of the weights; they are not copies. */
  stateDict(): StateDict {
    return this.#tensors;
  }
}
