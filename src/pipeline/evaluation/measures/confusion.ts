/**
 * The confusion matrix.
 *
 *     confusion[i][j] = |{ n : labels[n] = i, predicted[n] = j }|
 *
 * @param classes how many rows and columns it has
 */
export function confusionMatrix(
  labels: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): number[][] {
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let n = 0; n < labels.length; n++) confusion[labels[n]!]![predicted[n]!]!++;
  return confusion;
}

/** The images on the diagonal: those classified correctly. */
export function correctCount(confusion: readonly (readonly number[])[]): number {
  return confusion.reduce((sum, row, index) => sum + row[index]!, 0);
}
