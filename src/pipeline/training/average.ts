import { isFloating } from '../../backend/dtypes.ts';
import type { Module, StateDict } from '../../nn/index.ts';
import '../../ops/methods.ts';
import { noGrad } from '../../tensor/gradientMode.ts';
import { scope, unscoped } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/**
 * An exponential moving average of a model's weights and running statistics. Its noise is smaller than theirs, and its
 * accuracy often higher.
 *
 *     average ← decay · average + (1 − decay) · weights,   after each step
 *
 * Source: Polyak and Juditsky: Acceleration of Stochastic Approximation by Averaging (1992).
 */
export class WeightAverage {
  readonly #decay: number;
  readonly #weights: StateDict;
  readonly #averages: StateDict;

  /** @param decay from 0 to 1; the average begins with the model's present weights */
  constructor(model: Module, decay: number) {
    this.#decay = decay;
    const floating = Object.entries(model.stateDict()).filter(([, { dtype }]) => isFloating(dtype));
    this.#weights = Object.fromEntries(floating);
    this.#averages = unscoped(() => mapped(this.#weights, (each) => noGrad(() => each.clone())));
  }

  /** Takes the model's present weights into the average. */
  update(): void {
    this.#pairs((average, weight) => average.lerp_(weight, 1 - this.#decay));
  }

  /** Calls `body` while the model has the averages instead of its weights. */
  async used<T>(body: () => Promise<T>): Promise<T> {
    this.#swap();
    try {
      return await body();
    } finally {
      this.#swap();
    }
  }

  /** The averages by the names of the weights; they are not copies. */
  stateDict(): StateDict {
    return this.#averages;
  }

  #swap(): void {
    this.#pairs((average, weight) => {
      const kept = weight.clone();
      weight.copy_(average);
      average.copy_(kept);
    });
  }

  #pairs(body: (average: Tensor, weight: Tensor) => void): void {
    scope(() =>
      noGrad(() => {
        for (const [name, average] of Object.entries(this.#averages)) body(average, this.#weights[name]!);
      }),
    );
  }
}

function mapped(tensors: StateDict, change: (each: Tensor) => Tensor): StateDict {
  return Object.fromEntries(Object.entries(tensors).map(([name, each]) => [name, change(each)]));
}
