import { CLASS_NAMES } from '../data/fashionMnist.ts';
import type { Module } from '../../nn/index.ts';
import type { Part } from '../data/datasets.ts';
import { eachBatch } from '../training/eachBatch.ts';
import type { Histogram, WrongPrediction } from '../runs/journal/records.ts';

/** How many wrong predictions are kept: as many as one picture shows. */
const SHOWN = 24;
const BUCKETS = 30;

/** What a model takes images for. */
export interface ConfusionCounts {
  /** confusion[actual][predicted]. */
  readonly confusion: number[][];
  /** The first wrong ones, by row number. */
  readonly wrong: WrongPrediction[];
}

/** Compares what a model, in evaluation mode, takes some images for with what they are. */
export async function countConfusions(model: Module, part: Part): Promise<ConfusionCounts> {
  const confusion = CLASS_NAMES.map(() => CLASS_NAMES.map(() => 0));
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

/** How each parameter's values are distributed; a parameter without a finite value is left out. */
export async function parameterHistograms(model: Module): Promise<Record<string, Histogram>> {
  const histograms: Record<string, Histogram> = {};
  for (const [name, parameter] of model.namedParameters()) {
    const histogram = histogramOf(await parameter.data());
    if (histogram) histograms[name] = histogram;
  }
  return histograms;
}

/**
 * Counts the finite values in buckets of equal width: two passes, in the order of the values, so that the sums have the
 * same bits each time. Undefined where no value is finite.
 */
export function histogramOf(values: ArrayLike<number>): Histogram | undefined {
  let [min, max, sum, sumSquares] = [Infinity, -Infinity, 0, 0];
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (!Number.isFinite(value)) continue;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    sumSquares += value * value;
  }
  if (min > max) return undefined;
  const counts = new Array<number>(BUCKETS).fill(0);
  const scale = max > min ? BUCKETS / (max - min) : 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at]!;
    if (!Number.isFinite(value)) continue;
    counts[Math.min(BUCKETS - 1, Math.floor((value - min) * scale))]! += 1;
  }
  return { min, max, sum, sumSquares, counts };
}
