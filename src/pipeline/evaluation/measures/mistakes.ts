import type { Predictions } from '../predictions.ts';
import { predictedClasses } from './ranking.ts';
import type { Mistake } from '../report/report.ts';

/** The wrong predictions of greatest confidence, the greatest first; of equals the first image. */
export function confidentMistakes(predictions: Predictions, most = 25): Mistake[] {
  const { probabilities, labels, rows, classes } = predictions;
  const probability = (image: number, c: number): number => Math.min(1, probabilities[image * classes + c]!);
  const mistakes: Mistake[] = [];
  predictedClasses(predictions).forEach((predicted, image) => {
    const label = labels[image]!;
    if (predicted === label) return;
    mistakes.push({
      row: rows[image]!,
      label,
      predicted,
      confidence: probability(image, predicted),
      probability: probability(image, label),
    });
  });
  return mistakes.sort((a, b) => b.confidence - a.confidence || a.row - b.row).slice(0, most);
}
