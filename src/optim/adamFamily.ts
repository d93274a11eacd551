import { guard, live } from '../backend/recorder.ts';
import type { Kind, Maybe } from '../tensor/arguments.ts';
import { BOOLEAN, REAL } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Segment } from './flatParameters.ts';
import { BETAS, finiteLog, MomentOptimizer } from './momentOptimizer.ts';
import type { OptimizerArguments } from './optimizerArguments.ts';

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
  /** Divides by the greatest uncentred variance so far (AMSGrad); defaults to false. */
  amsgrad?: boolean;
  /** Maximises instead of minimising; defaults to false. */
  maximize?: boolean;
}

/** The kinds of `AdamOptions`. */
export const ADAM: { readonly [Name in keyof AdamOptions]-?: Kind } = {
  lr: REAL,
  betas: BETAS,
  eps: REAL,
  weightDecay: REAL,
  amsgrad: BOOLEAN,
  maximize: BOOLEAN,
};

/** The options of Adam and AdamW: by name, or the rate first. */
export type AdamArguments =
  [options?: Maybe<AdamOptions>] | [lr: Maybe<number>, options?: Maybe<Omit<AdamOptions, 'lr'>>];

/** Shared by Adam and AdamW, which differ only in weight decay. */
export abstract class AdamFamily extends MomentOptimizer<Required<AdamOptions>> {
  readonly #decoupled: boolean;

  constructor(
    takes: OptimizerArguments<AdamOptions>,
    args: readonly unknown[],
    { weightDecay, decoupled }: { weightDecay: number; decoupled: boolean },
  ) {
    const defaults = { lr: 0.001, betas: [0.9, 0.999] as const, eps: 1e-8, weightDecay };
    super(takes, args, { ...defaults, amsgrad: false, maximize: false });
    this.#decoupled = decoupled;
  }

  protected override form({ amsgrad }: Required<AdamOptions>): 'ADAM' | 'AMSGRAD' {
    return amsgrad ? 'AMSGRAD' : 'ADAM';
  }

  protected override update(segment: Segment, options: Required<AdamOptions>, counts?: Tensor): void {
    guard(() => options.amsgrad);
    if (options.amsgrad) {
      this.moments('AMSGRAD', segment, options, counts, { decoupled: this.#decoupled });
      return;
    }
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
