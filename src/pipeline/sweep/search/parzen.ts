import { erf } from '../../../backend/cpu/erf.ts';

/** The distribution of one value, estimated from those that were tried. */
export interface Estimate {
  /** A value for a number from 0 to 1. */
  sample(share: number): number;
  logDensity(value: number): number;
}

/** Steps of a bisection, after which an interval of doubles cannot be halved. */
const HALVINGS = 60;

interface Kernel {
  readonly center: number;
  readonly width: number;
  /** Its share of the mixture. */
  readonly share: number;
  /** The share of the kernel's own mass that lies within the range. */
  readonly mass: number;
}

/**
 * A mixture of normal distributions, one around each value and one over the whole range, all of them cut off at its ends:
 *
 *     p(x) = Σₖ wₖ N(x; μₖ, σₖ) / (Φ((high - μₖ)/σₖ) - Φ((low - μₖ)/σₖ))
 *
 * σₖ is the greater of the distances to the neighbours, and at least 1/min(100, kernels + 1) of the range. Whole numbers
 * have the mass from half a step below to half a step above.
 *
 * Source: Bergstra, Bardenet, Bengio, Kégl, "Algorithms for hyper-parameter optimization", NIPS 2011, section 4.2; widths
 * and weights as in Optuna's TPESampler, with one weight for the range as a whole (`prior_weight`).
 */
export class NumberEstimate implements Estimate {
  readonly #low: number;
  readonly #high: number;
  readonly #step: number;
  readonly #kernels: readonly Kernel[];

  /**
   * @param values within the range; the latest have full weight
   * @param step between two values; 0 where they are continuous
   */
  constructor(values: readonly number[], low: number, high: number, step: number = 0) {
    [this.#low, this.#high, this.#step] = [low - step / 2, high + step / 2, step];
    const range = this.#high - this.#low;
    const centers = [...values, (low + high) / 2];
    const weights = kernelWeights(values.length);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const least = range / Math.min(100, 1 + centers.length);
    const widths = distances(values, this.#low, this.#high);
    this.#kernels = centers.map((center, index) => {
      const width = Math.min(range, Math.max(least, widths[index] ?? range));
      const mass = between((this.#low - center) / width, (this.#high - center) / width);
      return { center, width, share: weights[index]! / total, mass };
    });
  }

  sample(share: number): number {
    let rest = share;
    const kernel = this.#kernels.find((each) => (rest -= each.share) < 0) ?? this.#kernels.at(-1)!;
    const { center, width, mass } = kernel;
    const wanted = Math.min(1, Math.max(0, (rest + kernel.share) / kernel.share)) * mass;
    let [from, to] = [this.#low, this.#high];
    const start = (from - center) / width;
    for (let turn = 0; turn < HALVINGS; turn++) {
      const middle = (from + to) / 2;
      if (between(start, (middle - center) / width) < wanted) from = middle;
      else to = middle;
    }
    return (from + to) / 2;
  }

  logDensity(value: number): number {
    const half = this.#step / 2;
    let sum = 0;
    for (const { center, width, share, mass } of this.#kernels) {
      const z = (value - center) / width;
      const part =
        half > 0
          ? between(z - half / width, z + half / width)
          : Math.exp(-0.5 * z * z) / (width * Math.sqrt(2 * Math.PI));
      sum += (share * part) / mass;
    }
    return Math.log(sum);
  }
}

/** A mixture of kernels over choices: one for each index tried, which has most of its mass there, and an even one. */
export class ChoiceEstimate implements Estimate {
  readonly #shares: readonly number[];

  /** @param values indices of choices; the latest have full weight */
  constructor(values: readonly number[], choices: number) {
    const weights = kernelWeights(values.length);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    // The prior weight, spread over the kernels.
    const base = 1 / weights.length;
    const even = weights.at(-1)! / total / choices;
    const shares = new Array<number>(choices).fill(even);
    for (const [index, value] of values.entries()) {
      const scale = weights[index]! / total / (1 + choices * base);
      for (let choice = 0; choice < choices; choice++) shares[choice]! += scale * base;
      shares[value]! += scale;
    }
    this.#shares = shares;
  }

  sample(share: number): number {
    let rest = share;
    const found = this.#shares.findIndex((each) => (rest -= each) < 0);
    return found < 0 ? this.#shares.length - 1 : found;
  }

  logDensity(value: number): number {
    return Math.log(this.#shares[value]!);
  }
}

/** Values whose weight is full. */
const RECENT = 25;

/** The weights of `count` values, the oldest first: they fall linearly before the 25 latest; and 1 for the whole range. */
function kernelWeights(count: number): number[] {
  const old = Math.max(0, count - RECENT);
  const ramp = (index: number): number =>
    old === 1 ? 1 / count : 1 / count + (index / (old - 1)) * (1 - 1 / count);
  const weights = Array.from({ length: count }, (_, index) => (index < old ? ramp(index) : 1));
  return [...weights, 1];
}

/** The greater of the distances of each value to its neighbours. The ends of the range are those of a single value only. */
function distances(values: readonly number[], low: number, high: number): number[] {
  const order = values.map((_, index) => index).sort((a, b) => values[a]! - values[b]!);
  const ends = values.length === 1 ? [low, high] : [Infinity, -Infinity];
  const line = [ends[0]!, ...order.map((index) => values[index]!), ends[1]!];
  const result = new Array<number>(values.length);
  for (const [at, index] of order.entries()) {
    const [left, value, right] = line.slice(at, at + 3) as [number, number, number];
    result[index] = Math.max(value - left, right - value);
  }
  return result;
}

/** Φ(b) - Φ(a), the mass of the standard normal distribution between two points. */
function between(a: number, b: number): number {
  return (erf(b * Math.SQRT1_2) - erf(a * Math.SQRT1_2)) / 2;
}
