import { type Maybe, signature } from '../../tensor/arguments.ts';
import { ArgumentError } from '../../tensor/errors.ts';
import { BOOLEAN, REAL, oneOf } from '../../tensor/kinds.ts';
import type { Optimizer } from '../optimizer.ts';
import {
  LRScheduler,
  OPTIMIZER,
  PER_GROUP,
  type PerGroup,
  perGroup,
  requireOption,
  type SchedulerState,
} from './scheduler.ts';

/** Options of OneCycleLR. */
export interface OneCycleLROptions {
  /** The number of steps of the cycle. Alternatively, give epochs and stepsPerEpoch. */
  totalSteps?: number;
  epochs?: number;
  stepsPerEpoch?: number;
  /** The share of the steps in which the rate rises; defaults to 0.3. */
  pctStart?: number;
  /** Defaults to `cos`. */
  annealStrategy?: 'cos' | 'linear';
  /** Whether momentum, or Adam's first beta, falls while the rate rises; defaults to true. */
  cycleMomentum?: boolean;
  /** Momentum at the maximum rate; defaults to 0.85. */
  baseMomentum?: PerGroup;
  /** Momentum at the start and at the end; defaults to 0.95. */
  maxMomentum?: PerGroup;
  /** The first rate is maxLr / divFactor; defaults to 25. */
  divFactor?: number;
  /** The last rate is the first / finalDivFactor; defaults to 10,000. */
  finalDivFactor?: number;
  /** Lets the rate fall to the first rate as slowly as it rose, and then to the last; defaults to false. */
  threePhase?: boolean;
}

const takes = signature<OneCycleLROptions>(
  'OneCycleLR',
  { ...OPTIMIZER, maxLr: PER_GROUP },
  {
    totalSteps: REAL,
    epochs: REAL,
    stepsPerEpoch: REAL,
    pctStart: REAL,
    annealStrategy: oneOf('cos', 'linear'),
    cycleMomentum: BOOLEAN,
    baseMomentum: PER_GROUP,
    maxMomentum: PER_GROUP,
    divFactor: REAL,
    finalDivFactor: REAL,
    threePhase: BOOLEAN,
  },
);

/** A phase of the cycle: its last step, and the rates and momenta at its start and end. */
interface Phase {
  end: number;
  lrs: readonly [from: number, to: number][];
  momenta: readonly [from: number, to: number][];
}

/**
 * One cycle of the rate over a whole training: up to maxLr, then far down. Momentum moves in the opposite direction.
 * Call `step()` after every batch, not every epoch. The optimizer's own rate and momentum are not used.
 *
 * Source: Smith, Topin: Super-convergence (2018); PyTorch's torch.optim.lr_scheduler.OneCycleLR.
 *
 * @param maxLr the maximum rate, one for all groups or one per group
 * @throws ArgumentError for options out of range, for an optimizer without momentum if cycleMomentum is true, or for a
 *   step after the end
 * @example
 * const schedule = new OneCycleLR(optimizer, 0.01, { epochs: 10, stepsPerEpoch: 430 });
 * optimizer.step();
 * schedule.step();
 */
export class OneCycleLR extends LRScheduler {
  readonly #totalSteps: number;
  readonly #phases: readonly Phase[];
  readonly #anneal: (from: number, to: number, share: number) => number;
  readonly #cyclesMomentum: boolean;

  constructor(
    optimizer: Optimizer,
    maxLr: PerGroup,
    ...rest:
      | [options?: Maybe<OneCycleLROptions>]
      | [
          totalSteps: Maybe<number>,
          epochs?: Maybe<number>,
          stepsPerEpoch?: Maybe<number>,
          options?: Maybe<OneCycleLROptions>,
        ]
  ) {
    const options = takes([optimizer, maxLr, ...rest]);
    const { pctStart = 0.3, annealStrategy = 'cos', cycleMomentum = true, divFactor = 25 } = options;
    const { baseMomentum = 0.85, maxMomentum = 0.95, finalDivFactor = 1e4, threePhase = false } = options;
    const { epochs = NaN, stepsPerEpoch = NaN, totalSteps = epochs * stepsPerEpoch } = options;
    const counts = options.totalSteps === undefined ? [epochs, stepsPerEpoch] : [totalSteps];
    requireOption(
      counts.every((count) => count > 0) && [...counts, totalSteps].every(Number.isSafeInteger),
      'OneCycleLR',
      'totalSteps',
      'an integer totalSteps, or integers epochs and stepsPerEpoch, each at least 1',
      totalSteps,
    );
    requireOption(pctStart >= 0 && pctStart <= 1, 'OneCycleLR', 'pctStart', '0 ≤ pctStart ≤ 1', pctStart);
    const greatest = perGroup('OneCycleLR', 'maxLr', optimizer, maxLr);
    const least = perGroup('OneCycleLR', 'baseMomentum', optimizer, baseMomentum);
    const most = perGroup('OneCycleLR', 'maxMomentum', optimizer, maxMomentum);
    if (cycleMomentum && !optimizer.paramGroups.every((group) => 'momentum' in group || 'betas' in group)) {
      throw new ArgumentError('OneCycleLR', 'no momentum to cycle', {
        takes: 'an optimizer with momentum or betas, or cycleMomentum: false',
        got: 'neither',
      });
    }
    const first = greatest.map((lr) => lr / divFactor);
    optimizer.paramGroups.forEach((group, index) => (group.lr = group.initialLr = first[index]!));
    super(optimizer);
    this.#totalSteps = totalSteps;
    this.#cyclesMomentum = cycleMomentum;
    this.#anneal = annealStrategy === 'cos' ? alongCosine : alongLine;
    const pairs = (from: readonly number[], to: readonly number[]): [number, number][] =>
      from.map((value, index) => [value, to[index]!]);
    const last = first.map((lr) => lr / finalDivFactor);
    const rise = { end: pctStart * totalSteps - 1, lrs: pairs(first, greatest), momenta: pairs(most, least) };
    const end = totalSteps - 1;
    this.#phases = threePhase
      ? [
          rise,
          { end: 2 * pctStart * totalSteps - 2, lrs: pairs(greatest, first), momenta: pairs(least, most) },
          { end, lrs: pairs(first, last), momenta: pairs(most, most) },
        ]
      : [rise, { end, lrs: pairs(greatest, last), momenta: pairs(least, most) }];
    this.start();
  }

  protected override rates(): number[] {
    if (this.lastEpoch > this.#totalSteps) {
      throw new ArgumentError('OneCycleLR', 'the cycle is over', {
        takes: `${this.#totalSteps} steps`,
        got: `step ${this.lastEpoch}`,
      });
    }
    const { phase, share } = this.#position();
    if (this.#cyclesMomentum) this.#setMomenta(phase, share);
    return phase.lrs.map(([from, to]) => this.#anneal(from, to, share));
  }

  override loadStateDict(state: SchedulerState): void {
    super.loadStateDict(state);
    const { phase, share } = this.#position();
    if (this.#cyclesMomentum) this.#setMomenta(phase, share);
  }

  #setMomenta({ momenta }: Phase, share: number): void {
    momenta.forEach((pair, index) => {
      const group = this.optimizer.paramGroups[index]!;
      const momentum = this.#anneal(...pair, share);
      if (group.betas) group.betas = [momentum, group.betas[1]];
      else group.momentum = momentum;
    });
  }

  /** The phase of the current step, and the share of the phase that has passed. */
  #position(): { phase: Phase; share: number } {
    const step = this.lastEpoch;
    const found = this.#phases.findIndex(({ end }) => step <= end);
    const index = found < 0 ? this.#phases.length - 1 : found;
    const phase = this.#phases[index]!;
    const start = this.#phases[index - 1]?.end ?? 0;
    return { phase, share: phase.end === start ? 1 : (step - start) / (phase.end - start) };
  }
}

function alongCosine(from: number, to: number, share: number): number {
  return to + ((from - to) / 2) * (Math.cos(Math.PI * share) + 1);
}

function alongLine(from: number, to: number, share: number): number {
  return (to - from) * share + from;
}
