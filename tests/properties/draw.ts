import { philox4x32 } from '../../src/backend/philox.ts';

/** The seed of the random tests: 1, or what WGRAD_TEST_SEED says. A failure names it. */
export const seed: number = Number(process.env['WGRAD_TEST_SEED'] ?? 1);

/** Random numbers of one configuration: a seed and the configuration's number give the same ones everywhere. */
export class Draw {
  readonly #key: [number, number];
  #at = 0;

  constructor(configuration: number) {
    this.#key = [seed, configuration];
  }

  /** An integer from `least` to `most`. */
  integer(least: number, most: number): number {
    const [word] = philox4x32([this.#at++, 0, 0, 0], this.#key);
    return least + (word % (most - least + 1));
  }

  /** One of the values. Values that are listed twice come twice as often. */
  of<T>(...values: readonly T[]): T {
    return values[this.integer(0, values.length - 1)]!;
  }

  /** Integers from -4 to 4. Their products and sums are exact in float32, in any order. */
  integers(length: number): Float32Array {
    return Float32Array.from({ length }, () => this.integer(-4, 4));
  }
}
