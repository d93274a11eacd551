import { multiplyHigh, philox4x32, type Words2 } from '../backend/philox.ts';

export interface PermutationOptions {
  /** Integer from 0 to 2^53 - 1. */
  readonly seed: number;
  /** Index of the permutation, an integer from 0 to 2^32 - 1; default 0. The trainer gives the epoch. */
  readonly stream?: number;
  /** Separates uses with the same seed and stream; default {@link SHUFFLE_DOMAIN}. */
  readonly domain?: number;
}

/** The domain of plain permutations ("shuf" in ASCII). */
export const SHUFFLE_DOMAIN = 0x73687566;

const TWO_32 = 2 ** 32;

/**
 * A uniform random permutation of 0 … n-1, a pure function of (n, seed, stream, domain).
 *
 * Fisher–Yates, with unbiased bounded numbers by Lemire's method (multiply, keep the high word, reject the few low words
 * that favour some values). The generator is Philox 4x32-10: key = seed (low, high), counter = (block, 0, stream, domain).
 *
 * Source: D. Lemire, "Fast random integer generation in an interval", 2019.
 *
 * @param n length, an integer from 0 to 2^32 - 1
 * @throws RangeError when an argument is no integer of its range
 * @example permutation(60_000, { seed: 1, stream: epoch })
 */
export function permutation(n: number, { seed, stream = 0, domain }: PermutationOptions): Uint32Array {
  requireInteger('n', n, TWO_32 - 1);
  requireInteger('seed', seed, Number.MAX_SAFE_INTEGER);
  requireInteger('stream', stream, TWO_32 - 1);
  const next = wordSequence(seed, stream, domain ?? SHUFFLE_DOMAIN);
  const order = new Uint32Array(n).map((_, index) => index);
  for (let last = n - 1; last > 0; last--) {
    const other = below(last + 1, next);
    const value = order[last]!;
    order[last] = order[other]!;
    order[other] = value;
  }
  return order;
}

/** The words of the blocks 0, 1, 2 … in order. */
function wordSequence(seed: number, stream: number, domain: number): () => number {
  const key: Words2 = [seed >>> 0, Math.floor(seed / TWO_32)];
  let words = philox4x32([0, 0, stream, domain], key);
  let block = 0;
  let position = 0;
  return () => {
    if (position === words.length) {
      block++;
      position = 0;
      words = philox4x32([block >>> 0, 0, stream, domain], key);
    }
    return words[position++]!;
  };
}

/** A uniform integer from 0 to bound - 1. */
function below(bound: number, next: () => number): number {
  const rejected = (TWO_32 - bound) % bound;
  for (;;) {
    const word = next();
    if (Math.imul(word, bound) >>> 0 >= rejected) return multiplyHigh(word, bound);
  }
}

function requireInteger(name: string, value: number, max: number): void {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new RangeError(`permutation: ${name} must be an integer from 0 to ${max}, got ${value}`);
  }
}
