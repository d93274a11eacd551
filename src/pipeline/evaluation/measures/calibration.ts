import type { Predictions } from '../predictions.ts';
import { predictedClasses } from './ranking.ts';
import type { Measures } from '../report/report.ts';

export type Calibration = Pick<Measures, 'ece' | 'mce' | 'reliability'>;

/**
 * The calibration of the predicted classes. Confidence is the greatest probability of a row; the bins
 * B_m = (m/M, (m+1)/M] have equal width, and the first one includes 0.
 *
 *     ece = Σ_m |B_m| / N · |accuracy(B_m) - confidence(B_m)|      mce = max_m |accuracy(B_m) - confidence(B_m)|
 *
 * @param bins M
 *
 * Source: Guo et al.: On calibration of modern neural networks (2017).
 */
export function calibration(predictions: Predictions, bins = 15): Calibration {
  const { probabilities, labels, classes } = predictions;
  const sums = Array.from({ length: bins }, () => ({ count: 0, confidence: 0, hits: 0 }));
  predictedClasses(predictions).forEach((predicted, image) => {
    // A float32 softmax may round to a little more than one.
    const confidence = Math.min(1, probabilities[image * classes + predicted]!);
    const bin = sums[binOf(confidence, bins)]!;
    bin.count++;
    bin.confidence += confidence;
    if (predicted === labels[image]) bin.hits++;
  });
  const reliability = sums.map(({ count, confidence, hits }, index) => ({
    lower: index / bins,
    upper: (index + 1) / bins,
    count,
    confidence: count === 0 ? null : Math.min(1, confidence / count),
    accuracy: count === 0 ? null : hits / count,
  }));
  const gaps = reliability.map(({ accuracy, confidence }) => Math.abs((accuracy ?? 0) - (confidence ?? 0)));
  const ece = reliability.reduce((sum, { count }, index) => sum + (count / labels.length) * gaps[index]!, 0);
  return { ece, mce: Math.max(...gaps), reliability };
}

/** The bin whose (lower, upper] holds a confidence; `index / bins` decides, as in the bins' bounds. */
function binOf(confidence: number, bins: number): number {
  const near = Math.min(bins - 1, Math.floor(confidence * bins));
  if (confidence <= near / bins) return Math.max(0, near - 1);
  return confidence > (near + 1) / bins ? near + 1 : near;
}

/**
 * The Brier score of all classes: from 0 (certain and right) to 2 (certain and wrong).
 *
 *     brier = (1 / N) Σ_n Σ_c (probabilities[n, c] - [c = labels[n]])²
 *
 * Source: Brier: Verification of forecasts expressed in terms of probability (1950).
 */
export function brierScore({ probabilities, labels, classes }: Predictions): number {
  let total = 0;
  labels.forEach((label, image) => {
    for (let c = 0; c < classes; c++) {
      total += (probabilities[image * classes + c]! - (c === label ? 1 : 0)) ** 2;
    }
  });
  return total / labels.length;
}
