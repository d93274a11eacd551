import type { TypedArray } from '../dtypes.ts';
import { WgradError } from '../errors.ts';
import { maximum } from './softmax.ts';
import type { Twin } from './twin.ts';

/** Throws WgradError if a row's label is not a class. */
function checkLabel(
  label: number,
  row: number,
  { classes, ignoreIndex }: { classes: number; ignoreIndex: number },
  logs: boolean,
): void {
  if (label === ignoreIndex || (label >= 0 && label < classes)) return;
  const name = logs ? 'nllLoss' : 'crossEntropy';
  throw new WgradError(`${name}: takes targets from 0 to ${classes - 1}, got ${label} in row ${row}`);
}

/**
 * Stores the losses of rows, one after the other. With TOTAL it only sums them; the terms are rounded like those of
 * `lossTotal`, which go through a buffer.
 */
class RowLosses {
  readonly #losses: TypedArray;
  readonly #columns: number;
  readonly #variant: { TOTAL?: boolean; MEAN?: boolean };
  #sum = 0;
  #weight = 0;

  constructor(losses: TypedArray, rows: number, variant: { TOTAL?: boolean; MEAN?: boolean }) {
    this.#losses = losses;
    this.#columns = variant.TOTAL ? 1 : rows;
    this.#variant = variant;
  }

  add(row: number, loss: number, counted: number): void {
    const at = this.#variant.TOTAL ? 0 : row;
    this.#losses[at] = loss;
    this.#losses[this.#columns + at] = counted;
    this.#sum += this.#losses[at];
    this.#weight += this.#losses[this.#columns + at]!;
  }

  end(): void {
    const { TOTAL = false, MEAN = false } = this.#variant;
    if (TOTAL) writeTotal(this.#losses, this.#sum, this.#weight, MEAN);
  }
}

/** Stores the sum or the mean of losses, and the sum of their weights. */
export function writeTotal(total: TypedArray, sum: number, weight: number, mean: boolean): void {
  // A mean over nothing is NaN, also where smoothing leaves a sum to divide.
  total[0] = mean ? (weight === 0 ? NaN : sum / weight) : sum;
  total[1] = weight;
}

/** The gradient of a sum, from that of a mean; 0 if nothing counts in the mean. */
function shareOf(gradient: number, total: number): number {
  return total === 0 ? 0 : gradient / total;
}

export const crossEntropy: Twin<'crossEntropy'> = (
  { x, labels, weight, losses, rowwise },
  { rows, classes, inner, offset, labelOffset, labelStride, weightOffset, ignoreIndex, smoothing },
  variant,
) => {
  const { WEIGHTED = false, SMOOTHED = false, LOGS = false } = variant;
  const weightOf = (index: number): number => (WEIGHTED ? weight[weightOffset + index]! : 1);
  const rowLosses = new RowLosses(losses, rows, variant);
  for (let row = 0; row < rows; row++) {
    const start = offset + Math.floor(row / inner) * classes * inner + (row % inner);
    const label = labels[labelOffset + row * labelStride]!;
    checkLabel(label, row, { classes, ignoreIndex }, LOGS);
    const greatest = LOGS ? 0 : maximum(x, start, classes, inner);
    let [total, distances, weights] = [Number(LOGS), 0, 0];
    for (let j = 0; j < classes && !LOGS; j++) {
      const logit = x[start + j * inner]!;
      total += Math.exp(logit - greatest);
      if (SMOOTHED) {
        distances += weightOf(j) * (greatest - logit);
        weights += weightOf(j);
      }
    }
    const logTotal = Math.log(total);
    let [loss, counted, share] = [0, 0, 0];
    if (label !== ignoreIndex) {
      counted = share = weightOf(label);
      loss = counted * (greatest - x[start + label * inner]! + logTotal);
      if (SMOOTHED) {
        const spread = smoothing / classes;
        share = (1 - smoothing) * counted + spread * weights;
        loss = (1 - smoothing) * loss + spread * (distances + weights * logTotal);
      }
    }
    rowLosses.add(row, loss, counted);
    rowwise[3 * row] = greatest;
    rowwise[3 * row + 1] = logTotal;
    rowwise[3 * row + 2] = share;
  }
  rowLosses.end();
};

export const crossEntropyGradient: Twin<'crossEntropyGradient'> = (
  { x, labels, weight, rowwise, gradient, divisor, out },
  params,
  { WEIGHTED = false, SMOOTHED = false, MEAN = false, LOGS = false },
) => {
  const { rows, classes, inner, offset, labelOffset, labelStride, ignoreIndex, smoothing } = params;
  const { weightOffset, gradientOffset, gradientStride } = params;
  const total = MEAN ? divisor[params.divisorOffset]! : 1;
  for (let row = 0; row < rows; row++) {
    const start = Math.floor(row / inner) * classes * inner + (row % inner);
    const label = labels[labelOffset + row * labelStride]!;
    const [greatest, logTotal, share] = [rowwise[3 * row]!, rowwise[3 * row + 1]!, rowwise[3 * row + 2]!];
    const isIgnored = label === ignoreIndex;
    const scale = isIgnored ? 0 : shareOf(gradient[gradientOffset + row * gradientStride]!, total);
    for (let j = 0; j < classes; j++) {
      let expected = Number(label === j);
      if (SMOOTHED) expected = (1 - smoothing) * expected + smoothing / classes;
      if (WEIGHTED) expected *= weight[weightOffset + j]!;
      const probability = LOGS ? 0 : share * Math.exp(x[offset + start + j * inner]! - greatest - logTotal);
      // Not a product with 0: that of an infinite gradient would be NaN.
      out[start + j * inner] = LOGS && label !== j ? 0 : scale * (probability - (isIgnored ? 0 : expected));
    }
  }
};

export const lossTotal: Twin<'lossTotal'> = ({ losses, total }, { rows }, { MEAN = true }) => {
  let [sum, weight] = [0, 0];
  for (let row = 0; row < rows; row++) {
    sum += losses[row]!;
    weight += losses[rows + row]!;
  }
  writeTotal(total, sum, weight, MEAN);
};
