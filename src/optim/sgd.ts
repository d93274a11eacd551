import { ArgumentError } from '../tensor/errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Segment } from './flatParameters.ts';
import { atLeast, Optimizer } from './optimizer.ts';

export interface SgdOptions {
  /** Defaults to 0.001. */
  lr?: number;
  momentum?: number;
  dampening?: number;
  weightDecay?: number;
  /** Takes momentum > 0 and no dampening. */
  nesterov?: boolean;
}

/**
 * Stochastic gradient descent, with momentum, Nesterov's form and weight decay.
 *
 *     g ← g + weightDecay · p,   v ← momentum · v + (1 - dampening) · g,   p ← p - lr · v
 *
 * Source: Sutskever et al.: On the importance of initialization and momentum in deep learning (2013); PyTorch's
 * torch.optim.SGD.
 *
 * @throws ArgumentError for options out of range
 */
export class SGD extends Optimizer {
  readonly #velocity: Tensor;
  readonly #options: Required<Omit<SgdOptions, 'lr'>>;

  constructor(parameters: readonly Tensor[], options: SgdOptions = {}) {
    const { lr = 0.001, momentum = 0, dampening = 0, weightDecay = 0, nesterov = false } = options;
    atLeast('SGD', 'momentum', momentum, 0);
    atLeast('SGD', 'weightDecay', weightDecay, 0);
    if (nesterov && (momentum <= 0 || dampening !== 0)) {
      throw new ArgumentError('SGD', "Nesterov's form does not fit", {
        takes: 'momentum > 0 and dampening 0 with nesterov',
        got: `momentum ${momentum}, dampening ${dampening}`,
      });
    }
    super('SGD', parameters, lr);
    this.#options = { momentum, dampening, weightDecay, nesterov };
    this.#velocity = this.flat.companion();
  }

  protected override companions(): Record<string, Tensor> {
    return this.#options.momentum > 0 ? { momentum_buffer: this.#velocity } : {};
  }

  protected override update({ offset, size, step }: Segment): void {
    const { momentum, dampening, weightDecay, nesterov } = this.#options;
    const { gradients, values } = this.flat;
    values.device.run(
      'sgd',
      {
        gradients: gradients.storage.buffer,
        parameters: values.storage.buffer,
        velocity: this.#velocity.storage.buffer,
      },
      {
        size,
        offset,
        lr: this.lr,
        momentum,
        dampening,
        weightDecay,
        firstStep: Number(step === 1),
        nesterov: Number(nesterov),
      },
    );
  }
}
