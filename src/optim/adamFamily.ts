import { live } from '../backend/recorder.ts';
import type { Kind, Maybe } from '../tensor/arguments.ts';
import { BOOLEAN, REAL } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Segment } from './flatParameters.ts';
import { atLeast, Optimizer } from './optimizer.ts';
import type { OptimizerParameters } from './paramGroups.ts';

/** Options of Adam and AdamW. */
export interface AdamOptions {
  /** Defaults to 0.001. */
  lr?: number;
  /** Decay of the mean and of the uncentred variance; defaults to [0.9, 0.999]. */
  betas?: readonly [number, number];
  /** Defaults to 1e-8. */
  eps?: number;
  /**
   * Adam adds weightDecay · p to the gradient and defaults to 0. AdamW shrinks p by lr · weightDecay and defaults to
   * 0.01.
   */
  weightDecay?: number;
  /** Maximises instead of minimising; defaults to false. */
  maximize?: boolean;
}

const BETAS: Kind = {
  takes: 'two numbers [beta1, beta2]',
  fits: (value) => Array.isArray(value) && value.length === 2 && value.every(REAL.fits),
};

/** The kinds of `AdamOptions`. */
export const ADAM: { readonly [Name in keyof AdamOptions]-?: Kind } = {
  lr: REAL,
  betas: BETAS,
  eps: REAL,
  weightDecay: REAL,
  maximize: BOOLEAN,
};

/** The options of Adam and AdamW: by name, or the rate first. */
export type AdamArguments =
  [options?: Maybe<AdamOptions>] | [lr: Maybe<number>, options?: Maybe<Omit<AdamOptions, 'lr'>>];

/** Shared by Adam and AdamW, which differ only in weight decay. */
export abstract class AdamFamily extends Optimizer<Required<AdamOptions>> {
  readonly #decoupled: boolean;

  constructor(
    name: string,
    parameters: OptimizerParameters<AdamOptions>,
    options: AdamOptions,
    { weightDecay, decoupled }: { weightDecay: number; decoupled: boolean },
  ) {
    const defaults = { lr: 0.001, betas: [0.9, 0.999] as const, eps: 1e-8, weightDecay, maximize: false };
    super(name, parameters, options, defaults);
    this.#decoupled = decoupled;
  }

  protected override check({ betas, eps, weightDecay }: Required<AdamOptions>): void {
    betas.forEach((beta, index) => atLeast(this.name, `betas[${index}]`, beta, 0, 1));
    atLeast(this.name, 'eps', eps, 0);
    atLeast(this.name, 'weightDecay', weightDecay, 0);
  }

  protected override stateNames(): string[] {
    return ['exp_avg', 'exp_avg_sq'];
  }

  protected override update(segment: Segment, options: Required<AdamOptions>, counts?: Tensor): void {
    const { offset, size } = segment;
    const { gradients, values } = this.flat;
    values.device.run(
      'adam',
      {
        gradients: gradients.storage.buffer,
        parameters: values.storage.buffer,
        mean: this.state('exp_avg').storage.buffer,
        variance: this.state('exp_avg_sq').storage.buffer,
        counts: (counts ?? gradients).storage.buffer,
      },
      {
        size,
        offset,
        sign: live(() => (options.maximize ? -1 : 1)),
        oneMinusBeta1: live(() => 1 - options.betas[0]),
        beta2: live(() => options.betas[1]),
        oneMinusBeta2: live(() => 1 - options.betas[1]),
        eps: live(() => options.eps),
        weightDecay: live(() => (this.#decoupled ? 0 : options.weightDecay)),
        shrink: live(() => (this.#decoupled ? 1 - options.lr * options.weightDecay : 1)),
        stepSize: this.flat.perStep(segment, (step) =>
          counts ? options.lr : options.lr / (1 - options.betas[0] ** step),
        ),
        rootCorrection2: this.flat.perStep(segment, (step) => Math.sqrt(1 - options.betas[1] ** step)),
        step: this.flat.perStep(segment, (step) => step),
        logBeta1: live(() => finiteLog(options.betas[0])),
        logBeta2: live(() => finiteLog(options.betas[1])),
      },
      { GUARDED: counts !== undefined },
    );
  }
}

/** The logarithm. For 0 a number whose exponential is 0, because WGSL has no infinity. */
function finiteLog(value: number): number {
  return Math.max(-1e4, Math.log(value));
}
