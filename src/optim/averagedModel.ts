import { effect, guard, refuseInCapture } from '../backend/recorder.ts';
import { isFloating } from '../backend/dtypes.ts';
import '../tensor/disposable.ts';
import { type Kind, type Maybe, signature, takesNothing } from '../tensor/arguments.ts';
import { tensor } from '../tensor/create.ts';
import { checkDevice } from '../tensor/checks.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { noGrad } from '../tensor/gradientMode.ts';
import { BOOLEAN, REAL } from '../tensor/kinds.ts';
import { disown, own, type Owned, scope, unscoped } from '../tensor/scope.ts';
import { sameShape } from '../tensor/shape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';

/** The part of a module that an average needs. */
export interface Averaged {
  /** Parameters and buffers by their names. */
  stateDict(): Record<string, Tensor>;
  /** The parameters. */
  parameters(): Tensor[];
}

/** Options of `AveragedModel`. */
export interface AveragedModelOptions {
  /** The share of the average that an update keeps, for an exponential moving average. By default all weights count alike. */
  decay?: number;
  /** Whether buffers are averaged as well, such as running statistics; false by default. */
  useBuffers?: boolean;
}

const MODEL: Kind = {
  takes: 'a module',
  fits: (value) =>
    typeof value === 'object' && value !== null && 'stateDict' in value && 'parameters' in value,
};
const takes = signature<AveragedModelOptions>(
  'AveragedModel',
  { model: MODEL },
  { decay: REAL, useBuffers: BOOLEAN },
  0,
);

/**
 * The average of a model's weights over the updates of a training.
 *
 *     mean  a ← a + (w - a) / (n + 1)        moving average  a ← decay · a + (1 - decay) · w
 *
 * The first update copies the weights. With a decay, a captured step may take updates. `swap()` exchanges the weights with the
 * average: evaluate, and swap back.
 *
 * Source: Izmailov et al.: Averaging weights leads to wider optima (2018); Polyak, Juditsky (1992); PyTorch's
 * torch.optim.swa_utils.AveragedModel.
 *
 * @throws ArgumentError for a decay outside of [0, 1)
 * @example
 * const average = new AveragedModel(model, { decay: 0.999 });
 * for (const batch of batches) {
 *   train(batch);
 *   average.updateParameters();
 * }
 * average.swap(); // the model has the averaged weights now
 */
export class AveragedModel implements Owned, Disposable {
  /** The number of updates. */
  nAveraged = 0;
  readonly #model: Averaged;
  readonly #names: readonly string[];
  readonly #weights: readonly Tensor[];
  readonly #parameters: readonly Tensor[];
  readonly #average: readonly Tensor[];
  readonly #decay: number | undefined;

  constructor(model: Averaged, ...rest: [options?: Maybe<AveragedModelOptions>]) {
    const { decay, useBuffers = false } = takes([model, ...rest]);
    if (decay !== undefined && !(decay >= 0 && decay < 1)) {
      throw new ArgumentError('AveragedModel', 'invalid decay', {
        takes: '0 ≤ decay < 1',
        got: String(decay),
      });
    }
    this.#model = model;
    const parameters = new Set(model.parameters());
    const seen = new Set<Tensor>();
    const chosen = Object.entries(model.stateDict()).filter(([, each]) => {
      const counts = parameters.has(each) || (useBuffers && isFloating(each.dtype));
      return counts && !seen.has(each) && seen.add(each);
    });
    this.#names = chosen.map(([name]) => name);
    this.#weights = chosen.map(([, weight]) => weight);
    this.#parameters = this.#weights.filter((weight) => parameters.has(weight));
    this.#average = unscoped(() => noGrad(() => this.#weights.map((weight) => weight.detach().clone())));
    this.#decay = decay;
    own(this);
  }

  /**
   * Takes the present weights into the average. Call it after `optimizer.step()`.
   *
   * @throws ArgumentError if a parameter of the model was replaced by another tensor
   */
  updateParameters(): void {
    takesNothing('updateParameters', arguments);
    this.#checkModel('updateParameters');
    // The share of a mean changes with every update; that of a moving average after the first alone.
    if (this.#decay === undefined) {
      refuseInCapture('updateParameters() of a mean', 'Call it between steps, or give a decay.');
    }
    guard(() => this.nAveraged === 0);
    const weight = this.nAveraged === 0 ? 1 : 1 - (this.#decay ?? this.nAveraged / (this.nAveraged + 1));
    noGrad(() => {
      this.#average.forEach((each, index) =>
        weight === 1 ? each.copy_(this.#weights[index]!) : each.lerp_(this.#weights[index]!, weight),
      );
    });
    effect(
      () => this.nAveraged++,
      () => this.nAveraged--,
    );
  }

  /** Exchanges the model's weights with the average. Calling it again brings them back. */
  swap(): void {
    takesNothing('swap', arguments);
    this.#checkModel('swap');
    refuseInCapture('swap() of an average', 'Call it between steps.');
    scope(() =>
      noGrad(() => {
        this.#average.forEach((each, index) => {
          const weight = this.#weights[index]!;
          const kept = weight.detach().clone();
          weight.copy_(each);
          each.copy_(kept);
        });
      }),
    );
  }

  #checkModel(operation: string): void {
    const present = new Set(this.#model.parameters());
    const lost = this.#parameters.find((parameter) => !present.has(parameter));
    if (!lost) return;
    throw new ArgumentError(operation, 'a parameter of the model was replaced', {
      takes: 'the parameters that the model had when the AveragedModel was made; copy_ changes one in place',
      got: `a model without ${this.#names[this.#weights.indexOf(lost)]!}, ${describe(lost)}, of then`,
    });
  }

  /** The average by the names of the weights, `module.0.weight`, and the number of updates, `n_averaged`. */
  stateDict(): Record<string, Tensor> {
    takesNothing('stateDict', arguments);
    const count = tensor(this.nAveraged, {
      dtype: 'int32',
      ...(this.#average[0] && { device: this.#average[0].device }),
    });
    const named = this.#names.map((name, index) => [`module.${name}`, this.#average[index]!.detach()]);
    return { n_averaged: count, ...(Object.fromEntries(named) as Record<string, Tensor>) };
  }

  /**
   * Continues from a saved state.
   *
   * Reading the number of updates waits for the device.
   *
   * @throws ArgumentError if the names differ, ShapeError or DeviceError if a tensor does not fit; nothing changes then
   */
  async loadStateDict(state: Readonly<Record<string, Tensor>>): Promise<void> {
    signature('loadStateDict', { state: STATE })(arguments);
    const wanted = ['n_averaged', ...this.#names.map((name) => `module.${name}`)];
    const missing = wanted.find((name) => !Object.hasOwn(state, name));
    if (missing !== undefined || Object.keys(state).length !== wanted.length) {
      throw new ArgumentError('loadStateDict', 'names differ', {
        takes: wanted.join(', '),
        got: Object.keys(state).join(', '),
      });
    }
    const count = await state['n_averaged']!.item();
    if (!(Number.isInteger(count) && count >= 0)) {
      throw new ArgumentError('loadStateDict', 'invalid n_averaged', {
        takes: 'an integer ≥ 0',
        got: String(count),
      });
    }
    const saved = wanted.slice(1).map((name) => state[name]!);
    for (const [index, each] of this.#average.entries()) {
      const given = saved[index]!;
      checkDevice('loadStateDict', each, given);
      if (!sameShape(each.shape, given.shape)) {
        throw new ShapeError('loadStateDict', `${wanted[index + 1]!} does not fit`, {
          takes: describe(each),
          got: describe(given),
        });
      }
      // Throws if the tensor has been freed.
      given.handle().dispose();
    }
    noGrad(() => {
      this.#average.forEach((each, index) => each.copy_(saved[index]!));
    });
    this.nAveraged = count;
  }

  /** Frees the average. The model keeps its weights. */
  dispose(): void {
    takesNothing('dispose', arguments);
    disown(this);
    for (const each of this.#average) each.dispose();
  }

  /** Called by `using`: disposes the average. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

const STATE: Kind = {
  takes: 'tensors by name, as stateDict gives them',
  fits: (value) => typeof value === 'object' && value !== null && 'n_averaged' in value,
};
