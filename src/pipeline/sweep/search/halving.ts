import type { EarlyStoppingOfTrials } from '../../config/configuration.ts';
import type { BestOptions } from '../../training/best.ts';
import { scoreOf } from '../score.ts';
import type { Trial } from '../trial.ts';
import { bestUntil, type Validations } from '../validations.ts';
import type { Rung, SweepHistory } from './history.ts';

/**
 * Stops bad trials early, by asynchronous successive halving. Rungs lie at minEpochs · reductionFactorᵏ epochs. A trial that
 * reaches a rung goes on if it is among the best ⌊n / reductionFactor⌋ (at least one) of the n trials that have reached the
 * rung until then, itself included. The measure is the best validation until that epoch, as the table shows it in the end.
 *
 * A decision is a function of the rungs that were recorded before it, and it is recorded itself. A trial reports each rung
 * once, however often it is resumed. What it computed beyond the rung at which it stops does not count, even if it was
 * finished before the decision reached it: the decisions do not depend on how fast it was told.
 *
 * Source: Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht, Talwalkar, "A system for massively parallel
 * hyperparameter tuning", MLSys 2020; the variant without resumption, as in Optuna's SuccessiveHalvingPruner.
 */
export class SuccessiveHalving {
  readonly #options: EarlyStoppingOfTrials;
  readonly #best: BestOptions;
  readonly #history: SweepHistory;

  constructor(options: EarlyStoppingOfTrials, best: BestOptions, history: SweepHistory) {
    [this.#options, this.#best, this.#history] = [options, best, history];
  }

  /** Where a trial was stopped; undefined for others. */
  stopOf(id: string): Rung | undefined {
    return this.#history.rungsOf(id).find(({ goesOn }) => !goesOn);
  }

  /** Records the rungs that a trial has reached. @returns whether it goes on */
  goesOn({ id, configuration }: Trial, validations: Validations): boolean {
    const { reductionFactor, minEpochs } = this.#options;
    const { epochs } = configuration.train;
    for (let epoch = minEpochs; epoch < epochs && epoch <= validations.epoch; epoch *= reductionFactor) {
      const known = this.#history.rungsOf(id).find((rung) => rung.epoch === epoch);
      const rung = known ?? this.#reach(id, epoch, bestUntil(validations, epoch) ?? null);
      if (!rung.goesOn) return false;
    }
    return true;
  }

  #reach(id: string, epoch: number, value: number | null): Rung {
    const others = this.#history.rungsAt(epoch).map((rung) => rung.value);
    const rung = { id, epoch, value, goesOn: isPromoted(value, others, this.#options, this.#best) };
    this.#history.reach(rung);
    return rung;
  }
}

/** Whether a value is good enough to go on from a rung that the others have reached before. Equal values go on. */
export function isPromoted(
  value: number | null,
  others: readonly (number | null)[],
  { reductionFactor }: Pick<EarlyStoppingOfTrials, 'reductionFactor'>,
  best: BestOptions,
): boolean {
  const score = scoreOf(value ?? NaN, best);
  const places = Math.max(1, Math.floor((others.length + 1) / reductionFactor));
  const better = others.filter((other) => scoreOf(other ?? NaN, best) > score).length;
  return score > -Infinity && better < places;
}
