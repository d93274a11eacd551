import type { Module } from '../../nn/index.ts';
import type { Part } from '../data/datasets.ts';
import type { Histogram, PredictionsRecord, WrongPrediction } from '../runs/journal/records.ts';
import { eachBatch } from '../training/eachBatch.ts';

/** How many wrong predictions are kept: those of one picture. */
const SHOWN = 24;
const BUCKETS = 30;

/** The confusion matrix and the first wrong predictions of a model, in evaluation mode. */
export async function countConfusions(
  model: Module,
  part: Part,
): Promise<Pick<PredictionsRecord, 'confusion' | 'wrong'>> {
  const { classes } = part.set.description;
  const confusion = classes.map(() => classes.map(() => 0));
  const wrong: WrongPrediction[] = [];
  await eachBatch(
    model,
    part,
    ({ images, labels }) => ({ predictions: model.forward(images).argmax(1), labels }),
    ({ predictions, labels }, start, size) => {
      for (let at = 0; at < size; at++) {
        const [actual, predicted] = [Number(labels[at]), Number(predictions[at])];
        confusion[actual]![predicted]! += 1;
        if (actual !== predicted) wrong.push({ row: part.rows[start + at]!, actual, predicted });
      }
    },
  );
  return { confusion, wrong: wrong.sort((a, b) => a.row - b.row).slice(0, SHOWN) };
}

/** The histogram of each parameter's values, except for parameters without a finite value. */
export async function parameterHistograms(model: Module): Promise<Record<string, Histogram>> {
  const histograms: Record<string, Histogram> = {};
  for (const [name, parameter] of model.namedParameters()) {
    const histogram = histogramOf(await parameter.data());
    if (histogram) histograms[name] = histogram;
  }
  return histograms;
}

/**
 * Counts the finite values in buckets of equal width; undefined where no value is finite. The sums follow the order of the
 * values, so they always have the same bits.
 */
export function histogramOf(values: ArrayLike<number>): Histogram | undefined {
  let [min, max, sum, sumSquares] = [Infinity, -Infinity, 0, 0];
  const finite = Array.from(values).filter(Number.isFinite);
  for (const value of finite) {
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    sumSquares += value * value;
  }
  if (min > max) return undefined;
  const counts = new Array<number>(BUCKETS).fill(0);
  const scale = max > min ? BUCKETS / (max - min) : 0;
  for (const value of finite) {
    counts[Math.min(BUCKETS - 1, Math.floor((value - min) * scale))]! += 1;
  }
  return { min, max, sum, sumSquares, counts };
}
