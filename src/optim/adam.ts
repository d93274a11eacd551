import type { Tensor } from '../tensor/tensor.ts';
import type { Segment } from './flatParameters.ts';
import { atLeast, Optimizer } from './optimizer.ts';

export interface AdamOptions {
  /** Defaults to 0.001. */
  lr?: number;
  /** Decay of the mean and of the uncentred variance; defaults to [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Defaults to 1e-8. */
  eps?: number;
  /** Added to the gradient as weightDecay · p; defaults to 0. */
  weightDecay?: number;
}

/**
 * Adam: steps scaled by running moments of the gradient.
 *
 *     m ← β₁ m + (1 - β₁) g,   v ← β₂ v + (1 - β₂) g²
 *     p ← p - lr · (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + eps)
 *
 * Source: Kingma, Ba: Adam, a method for stochastic optimization (2015); PyTorch's torch.optim.Adam.
 *
 * @throws ArgumentError for options out of range
 */
export class Adam extends Optimizer {
  readonly #mean: Tensor;
  readonly #variance: Tensor;
  readonly #options: Required<Omit<AdamOptions, 'lr'>>;

  constructor(parameters: readonly Tensor[], options: AdamOptions = {}) {
    const { lr = 0.001, betas = [0.9, 0.999], eps = 1e-8, weightDecay = 0 } = options;
    betas.forEach((beta, index) => atLeast('Adam', `betas[${index}]`, beta, 0, 1));
    atLeast('Adam', 'eps', eps, 0);
    atLeast('Adam', 'weightDecay', weightDecay, 0);
    super('Adam', parameters, lr);
    this.#options = { betas, eps, weightDecay };
    this.#mean = this.flat.companion();
    this.#variance = this.flat.companion();
  }

  protected override companions(): Record<string, Tensor> {
    return { exp_avg: this.#mean, exp_avg_sq: this.#variance };
  }

  protected override update({ offset, size, step }: Segment): void {
    const { betas, eps, weightDecay } = this.#options;
    const [beta1, beta2] = betas;
    const { gradients, values } = this.flat;
    values.device.run(
      'adam',
      {
        gradients: gradients.storage.buffer,
        parameters: values.storage.buffer,
        mean: this.#mean.storage.buffer,
        variance: this.#variance.storage.buffer,
      },
      {
        size,
        offset,
        oneMinusBeta1: 1 - beta1,
        beta2,
        oneMinusBeta2: 1 - beta2,
        eps,
        weightDecay,
        stepSize: this.lr / (1 - beta1 ** step),
        rootCorrection2: Math.sqrt(1 - beta2 ** step),
      },
    );
  }
}
