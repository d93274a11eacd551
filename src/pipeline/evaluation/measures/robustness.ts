import { WgradError } from '../../../backend/errors.ts';
import type { CorruptionScores, EvaluationReport, Robustness } from '../report/report.ts';

/**
 * The robustness that follows from the accuracies on corrupted images.
 *
 *     error_c = (1 / S) Σ_s (1 - accuracy[c][s])      meanCorruptionError = (1 / K) Σ_c error_c
 *
 * @param accuracies corruption → its accuracy at each severity
 */
export function robustnessOf(
  accuracies: ReadonlyMap<string, readonly number[]>,
  { images, seed }: Pick<Robustness, 'images' | 'seed'>,
): Robustness {
  const perCorruption = [...accuracies].map(([corruption, accuracy]): CorruptionScores => ({
    corruption,
    accuracy,
    error: mean(accuracy.map((share) => 1 - share)),
  }));
  return { images, seed, perCorruption, meanCorruptionError: mean(perCorruption.map(({ error }) => error)) };
}

/**
 * The errors of a baseline on the same corrupted images.
 *
 * @param corruptions names of the corruptions whose errors will be divided
 * @throws WgradError where the baseline was not evaluated on the same images, or makes no error under some corruption
 */
export function baselineErrors(
  { run, robustness: baseline }: EvaluationReport,
  corruptions: readonly string[],
  { images, seed }: Pick<Robustness, 'images' | 'seed'>,
): Map<string, number> {
  if (!baseline) throw new WgradError(`${run}: was evaluated without --robustness, so it is no baseline`);
  if (baseline.images !== images || baseline.seed !== seed) {
    throw new WgradError(
      `${run}: is no baseline for this: it takes ${images} images corrupted with seed ${seed}, ` +
        `got ${baseline.images} with seed ${baseline.seed}`,
    );
  }
  const errors = new Map(baseline.perCorruption.map(({ corruption, error }) => [corruption, error]));
  for (const corruption of corruptions) {
    if (errors.get(corruption)) continue;
    const lack = errors.has(corruption) ? 'makes no error on' : 'was not evaluated on';
    throw new WgradError(`${run}: is no baseline for this: it ${lack} ${corruption}`);
  }
  return errors;
}

/**
 * The mean corruption error of ImageNet-C, relative to a baseline that was evaluated on the same corrupted images:
 *
 *     (1 / K) Σ_c error_c / baselineError_c
 *
 * The division gives easy and hard corruptions the same weight. ImageNet-C's baseline is AlexNet.
 *
 * Source: Hendrycks and Dietterich: Benchmarking neural network robustness to common corruptions (2019).
 */
export function normalisedError(
  perCorruption: readonly CorruptionScores[],
  baseline: ReadonlyMap<string, number>,
): number {
  return mean(perCorruption.map(({ corruption, error }) => error / baseline.get(corruption)!));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
