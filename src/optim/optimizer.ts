import { ArgumentError } from '../tensor/errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { copyInto } from '../ops/launch.ts';
import { FlatParameters, type Segment } from './flatParameters.ts';

/** What an optimizer needs to go on: steps taken by each parameter, and its state by PyTorch's names. */
export interface OptimizerState {
  steps: number[];
  /** Such as `exp_avg.0`: the state's name and the parameter's position. Views, not copies. */
  tensors: Record<string, Tensor>;
}

/** Updates parameters from their gradients. */
export abstract class Optimizer {
  /** The learning rate; assign to change it. */
  lr: number;
  protected readonly flat: FlatParameters;

  constructor(name: string, parameters: readonly Tensor[], lr: number) {
    atLeast(name, 'lr', lr, 0);
    this.lr = lr;
    this.flat = new FlatParameters(name, parameters);
  }

  /** Takes one step for every parameter that has a gradient. */
  step(): void {
    for (const segment of this.flat.advance()) this.update(segment);
  }

  /** Frees the gradients. */
  zeroGrad(): void {
    this.flat.zeroGrad();
  }

  /** State buffers by PyTorch's names. */
  protected abstract companions(): Record<string, Tensor>;
  protected abstract update(segment: Segment): void;

  stateDict(): OptimizerState {
    const tensors: Record<string, Tensor> = {};
    for (const [name, companion] of Object.entries(this.companions())) {
      this.flat.parameters.forEach(
        (_, index) => (tensors[`${name}.${index}`] = this.flat.part(companion, index)),
      );
    }
    return { steps: [...this.flat.steps], tensors };
  }

  /** @throws ArgumentError when the state belongs to other parameters or another optimizer */
  loadStateDict({ steps, tensors }: OptimizerState): void {
    const own = this.stateDict();
    const names = Object.keys(own.tensors);
    if (steps.length !== own.steps.length || names.some((name) => !tensors[name])) {
      throw new ArgumentError('loadStateDict', 'not the state of this optimizer', {
        takes: `${own.steps.length} step counts and ${names.join(', ')}`,
        got: `${steps.length} step counts and ${Object.keys(tensors).join(', ')}`,
      });
    }
    steps.forEach((step, index) => (this.flat.steps[index] = step));
    for (const name of names) copyInto(tensors[name]!, own.tensors[name]!);
  }
}

/** Throws unless `least` ≤ value < `below`. */
export function atLeast(
  optimizer: string,
  name: string,
  value: number,
  least: number,
  below: number = Infinity,
): void {
  if (value >= least && value < below) return;
  throw new ArgumentError(optimizer, `no such ${name}`, {
    takes: `${least} ≤ ${name}${below < Infinity ? ` < ${below}` : ', finite'}`,
    got: `${name} ${value}`,
  });
}
