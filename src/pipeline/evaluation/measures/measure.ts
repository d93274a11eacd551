import { WgradError } from '../../../backend/errors.ts';
import type { Predictions } from '../predictions.ts';
import { brierScore, calibration } from './calibration.ts';
import { confusionMatrix, correctCount } from './confusion.ts';
import { wilsonInterval } from './interval.ts';
import { confidentMistakes } from './mistakes.ts';
import { predictedClasses, topKAccuracy } from './ranking.ts';
import type { Measures } from '../report/report.ts';
import { classScores, macroAverage, weightedAverage } from './scores.ts';

/**
 * The measures of predictions.
 *
 * @param names the classes' names
 * @throws WgradError where there are no predictions, or probabilities or losses that are not finite
 */
export function measure(predictions: Predictions, names: readonly string[]): Measures {
  const { labels, losses, classes } = predictions;
  checkPredictions(predictions);
  const confusion = confusionMatrix(labels, predictedClasses(predictions), classes);
  const correct = correctCount(confusion);
  const scores = classScores(confusion, names);
  const { ece, mce, reliability } = calibration(predictions);
  return {
    accuracy: correct / labels.length,
    accuracyInterval: wilsonInterval(correct, labels.length),
    loss: losses.reduce((sum, loss) => sum + loss, 0) / labels.length,
    top2: topKAccuracy(predictions, 2),
    macro: macroAverage(scores),
    weighted: weightedAverage(scores),
    classes: scores,
    confusion,
    ece,
    mce,
    brier: brierScore(predictions),
    reliability,
    mistakes: confidentMistakes(predictions),
  };
}

/** Refuses values that would silently give plausible metrics: `NaN > x` is false, so argmax finds a class. */
export function checkPredictions({ probabilities, losses, labels }: Predictions): void {
  if (labels.length === 0) throw new WgradError('There are no images to evaluate on.');
  if (probabilities.every(Number.isFinite) && losses.every(Number.isFinite)) return;
  const bad = losses.reduce((count, loss) => count + (Number.isFinite(loss) ? 0 : 1), 0);
  throw new WgradError(
    `The model gives values that are not finite for ${bad} of ${labels.length} images: its weights are unusable. ` +
      'Train it again, with a lower optimizer.lr.',
  );
}
