import type { Predictions } from '../predictions.ts';

/**
 * The most probable class of each image; of equals the first, as `argmax` has it.
 *
 * @returns int32 [N]
 */
export function predictedClasses({ probabilities, labels, classes }: Predictions): Int32Array {
  return Int32Array.from(labels, (_, image) => {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if (probabilities[image * classes + c]! > probabilities[image * classes + best]!) best = c;
    }
    return best;
  });
}

/**
 * Share of the images whose class is among the k most probable; of equals, the first classes count as more probable.
 *
 * Source: scikit-learn's top_k_accuracy_score has the same definition, and breaks ties towards the last classes.
 */
export function topKAccuracy({ probabilities, labels, classes }: Predictions, k: number): number {
  let hits = 0;
  labels.forEach((label, image) => {
    const row = probabilities.subarray(image * classes, (image + 1) * classes);
    const own = row[label]!;
    let before = 0;
    row.forEach((value, c) => {
      if (value > own || (value === own && c < label)) before++;
    });
    if (before < k) hits++;
  });
  return hits / labels.length;
}
