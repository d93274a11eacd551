import type { ClassScores, Scores } from '../report/report.ts';

/**
 * Precision, recall and F1 of each class, from a confusion matrix with TP = confusion[c][c]:
 *
 *     precision = TP / Σ_i confusion[i][c]      recall = TP / Σ_j confusion[c][j]
 *     f1 = 2 TP / (Σ_i confusion[i][c] + Σ_j confusion[c][j])
 *
 * 0 / 0 is 0, as in scikit-learn's classification_report.
 *
 * @param names the classes' names
 */
export function classScores(
  confusion: readonly (readonly number[])[],
  names: readonly string[],
): ClassScores[] {
  return confusion.map((row, c) => {
    const hits = row[c]!;
    const support = row.reduce((sum, images) => sum + images, 0);
    const predicted = confusion.reduce((sum, { [c]: images = 0 }) => sum + images, 0);
    return {
      name: names[c] ?? String(c),
      precision: ratio(hits, predicted),
      recall: ratio(hits, support),
      f1: ratio(2 * hits, predicted + support),
      support,
    };
  });
}

/** The mean of the classes' scores, with equal weights. */
export function macroAverage(classes: readonly ClassScores[]): Scores {
  return average(classes, () => 1);
}

/** The mean of the classes' scores, weighted by their support. */
export function weightedAverage(classes: readonly ClassScores[]): Scores {
  return average(classes, ({ support }) => support);
}

function average(classes: readonly ClassScores[], weight: (scores: ClassScores) => number): Scores {
  const total = classes.reduce((sum, scores) => sum + weight(scores), 0);
  const mean = (key: keyof Scores): number => {
    const sum = classes.reduce((sum, scores) => sum + weight(scores) * scores[key], 0);
    // A mean of ones may round to a little more than one.
    return Math.min(1, ratio(sum, total));
  };
  return { precision: mean('precision'), recall: mean('recall'), f1: mean('f1') };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
