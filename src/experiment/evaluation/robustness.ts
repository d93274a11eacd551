import { WgradError } from '../../backend/errors.ts';
import type { CorruptionScores, EvaluationReport, NormalisedError, Robustness } from './report.ts';

/**
 * Gathers the accuracies on corrupted images.
 *
 *     error_c = (1 / S) Σ_s (1 - accuracy[c][s])      meanCorruptionError = (1 / K) Σ_c error_c
 *
 * Errors are not divided by a baseline's here: see `normalisedError`.
 *
 * @param accuracies corruption → its accuracy at each severity
 */
export function summarizeRobustness(
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
 * The mean corruption error of ImageNet-C, relative to a baseline that was evaluated on the same corrupted images:
 *
 *     meanCorruptionError = (1 / K) Σ_c error_c / baselineError_c
 *
 * Corruptions differ in how hard they are; division makes them count alike. ImageNet-C's baseline is AlexNet.
 *
 * @throws WgradError where the baseline was not evaluated on the same corrupted images, or makes no error on some
 *
 * Source: Hendrycks and Dietterich: Benchmarking neural network robustness to common corruptions (2019).
 */
export function normalisedError(
  { perCorruption, images, seed }: Robustness,
  { run, weightsSha256, robustness: baseline }: EvaluationReport,
): NormalisedError {
  if (!baseline) throw new WgradError(`${run}: was evaluated without --robustness, so it is no baseline`);
  if (baseline.images !== images || baseline.seed !== seed) {
    throw new WgradError(
      `${run}: is no baseline for this: it takes ${images} images corrupted with seed ${seed}, ` +
        `got ${baseline.images} with seed ${baseline.seed}`,
    );
  }
  const errors = new Map(baseline.perCorruption.map(({ corruption, error }) => [corruption, error]));
  const ratios = perCorruption.map(({ corruption, error }) => {
    const baselineError = errors.get(corruption);
    if (!baselineError) {
      throw new WgradError(
        `${run}: is no baseline for this: it has ${baselineError === undefined ? 'no' : 'zero'} error on ${corruption}`,
      );
    }
    return error / baselineError;
  });
  return { meanCorruptionError: mean(ratios), baseline: { run, weightsSha256 } };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
