import type { Pixels } from '../inference/engine.ts';

const WINDOW = 1000;
const LEAST = 100;
const BINS = 10;

/**
 * The distance between the brightness of the last images and that of the training images. The deciles of the training
 * images give ten equally likely ranges. With p the shares of the last images in these ranges (half an image is added
 * to each, so that none is zero), the population stability index is
 *
 *     psi = Σ_i (p_i - 1/10) ln(p_i / (1/10))
 *
 * Below 0.1 the distributions are similar; from 0.25 on they differ much.
 *
 * Source: Siddiqi: Credit risk scorecards (2006).
 */
export class Drift {
  readonly #means: number[] = [];
  #next = 0;
  #deciles: readonly number[] = [];

  /** @param deciles nine brightnesses in [0, 1], ascending */
  compareWith(deciles: readonly number[]): void {
    this.#deciles = deciles;
  }

  add(pixels: Pixels): void {
    let sum = 0;
    for (let i = 0; i < pixels.length; i++) sum += pixels[i]!;
    this.#means[this.#next] = sum / pixels.length / 255;
    this.#next = (this.#next + 1) % WINDOW;
  }

  /** Mean brightness in [0, 1]; undefined before the first image. */
  get mean(): number | undefined {
    const count = this.#means.length;
    return count === 0 ? undefined : this.#means.reduce((sum, mean) => sum + mean, 0) / count;
  }

  /** Undefined before there are enough images. */
  get stabilityIndex(): number | undefined {
    if (this.#means.length < LEAST) return undefined;
    const counts = new Array<number>(BINS).fill(0.5);
    for (const mean of this.#means) counts[this.#deciles.filter((decile) => mean > decile).length]!++;
    const total = this.#means.length + BINS * 0.5;
    return counts.reduce((psi, count) => {
      const share = count / total;
      return psi + (share - 1 / BINS) * Math.log(share * BINS);
    }, 0);
  }
}
