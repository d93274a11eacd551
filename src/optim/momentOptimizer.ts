import type { DeviceBuffer } from '../backend/backend.ts';
import { live } from '../backend/recorder.ts';
import { codes } from '../backend/signatures.ts';
import type { Kind } from '../tensor/arguments.ts';
import { REAL } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Segment } from './flatParameters.ts';
import { Optimizer } from './optimizer.ts';
import type { CommonOptions } from './paramGroups.ts';

/** Options of optimizers whose steps are scaled by moments of the gradient. */
interface MomentOptions extends CommonOptions {
  weightDecay: number;
  eps?: number;
}

/** A formula of the kernel `moments`, or of `adam`. */
type Form = keyof typeof codes.moments | 'ADAM';

/** PyTorch's names of the state of each formula: mean, variance and a third. */
const STATES: Readonly<Record<Form, readonly (string | undefined)[]>> = {
  ADAM: ['exp_avg', 'exp_avg_sq'],
  AMSGRAD: ['exp_avg', 'exp_avg_sq', 'max_exp_avg_sq'],
  NADAM: ['exp_avg', 'exp_avg_sq', 'mu_product'],
  RADAM: ['exp_avg', 'exp_avg_sq'],
  ADAGRAD: [undefined, 'sum'],
  LION: ['exp_avg'],
};

/** The kind of `betas`. */
export const BETAS: Kind = {
  takes: 'two numbers [beta1, beta2]',
  fits: (value) => Array.isArray(value) && value.length === 2 && value.every(REAL.fits),
};

/** An optimizer with moments of the gradient. */
export abstract class MomentOptimizer<Options extends MomentOptions> extends Optimizer<Options> {
  /** The formula of a group. */
  protected abstract form(options: Options): Form;

  protected override stateNames(): string[] {
    const names = this.paramGroups.flatMap((group) => STATES[this.form(group)]);
    return [...new Set(names)].filter((name) => name !== undefined);
  }

  /**
   * A step by the kernel `moments`.
   *
   * @param decoupled whether weight decay shrinks the parameters, and leaves the gradient alone
   * @param decay the kernel's `decay`
   */
  protected moments(
    form: Exclude<Form, 'ADAM'>,
    segment: Segment,
    options: Options,
    counts: Tensor | undefined,
    { decoupled = false, decay = () => 0 }: { decoupled?: boolean; decay?: () => number } = {},
  ): void {
    const { offset, size } = segment;
    const { gradients, values } = this.flat;
    const [mean, variance, third] = STATES[form];
    const beta = (index: 0 | 1): number => options.betas?.[index] ?? 0;
    const memory = (name: string | undefined, unused: string): DeviceBuffer =>
      this.stateIf(name !== undefined, name ?? unused).storage.buffer;
    values.device.run(
      'moments',
      {
        gradients: gradients.storage.buffer,
        parameters: values.storage.buffer,
        mean: memory(mean, 'mean'),
        variance: memory(variance, 'variance'),
        third: memory(third, 'third'),
        counts: (counts ?? gradients).storage.buffer,
      },
      {
        size,
        offset,
        sign: live(() => (options.maximize ? -1 : 1)),
        lr: live(() => options.lr),
        oneMinusBeta1: live(() => 1 - beta(0)),
        // Without betas, squares add up: both factors are 1.
        beta2: live(() => (options.betas ? beta(1) : 1)),
        oneMinusBeta2: live(() => 1 - beta(1)),
        eps: live(() => options.eps ?? 0),
        weightDecay: live(() => (decoupled ? 0 : options.weightDecay)),
        shrink: live(() => (decoupled ? 1 - options.lr * options.weightDecay : 1)),
        step: this.flat.perStep(segment, (step) => step),
        logBeta1: live(() => finiteLog(beta(0))),
        logBeta2: live(() => finiteLog(beta(1))),
        decay: live(decay),
        rho: live(() => 2 / (1 - beta(1)) - 1 + 2 / finiteLog(beta(1))),
      },
      { FORM: codes.moments[form], GUARDED: counts !== undefined },
    );
  }
}

/** The logarithm. For 0 a number whose exponential is 0, because WGSL has no infinity. */
export function finiteLog(value: number): number {
  return Math.max(-1e4, Math.log(value));
}
