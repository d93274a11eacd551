import { philox4x32, type Words2, type Words4 } from '../../../backend/philox.ts';
import { normalQuantile } from './mathematics.ts';

/** Separates these numbers from those of shuffles, splits and augmentation ("crpt" in ASCII). */
const DOMAIN = 0x63727074;
const TWO_16 = 2 ** 16;
const TWO_32 = 2 ** 32;

/**
 * Random numbers of one image under one corruption: the words of Philox 4x32-10 with
 * key = seed (low, high), counter = (0, 1, 2 …, image index, stream, DOMAIN).
 *
 * They depend neither on other images, nor on earlier draws, nor on the severity.
 */
export class RandomWords {
  readonly #key: Words2;
  readonly #index: number;
  readonly #stream: number;
  #block = 0;
  #words: Words4 = [0, 0, 0, 0];
  #position = 4;

  /**
   * @param seed integer from 0 to 2^53 - 1
   * @param index integer from 0 to 2^32 - 1
   * @param stream which of the image's sequences, an integer from 0 to 2^32 - 1
   */
  constructor(seed: number, index: number, stream: number) {
    this.#key = [seed >>> 0, Math.floor(seed / TWO_32)];
    this.#index = index;
    this.#stream = stream;
  }

  /** The next 32 bits. */
  next(): number {
    if (this.#position === 4) {
      this.#words = philox4x32([this.#block++, this.#index, this.#stream, DOMAIN], this.#key);
      this.#position = 0;
    }
    return this.#words[this.#position++]!;
  }

  /** A whole number from low to high - 1, uniform up to (high - low) / 2^32. */
  integer(low: number, high: number): number {
    return low + Math.floor((this.next() * (high - low)) / TWO_32);
  }

  /** -1 or 1. */
  sign(): number {
    return this.next() < TWO_32 / 2 ? -1 : 1;
  }

  /** A multiple of 2^-32 in [0, 1). */
  uniform(): number {
    return this.next() / TWO_32;
  }

  /** `size` times 16 bits: a word's lower half, then its upper one. */
  halves(size: number): Uint16Array {
    const out = new Uint16Array(size + 1);
    for (let at = 0; at < size; at += 2) {
      const word = this.next();
      out[at] = word & 0xffff;
      out[at + 1] = word >>> 16;
    }
    return out.subarray(0, size);
  }

  /**
   * `size` numbers of the standard normal distribution, rounded to 2^16 equally likely values: the k-th is the
   * quantile at (k + 1/2) / 2^16. The greatest is 4.3; bytes need no finer steps.
   */
  normals(size: number): Float64Array {
    normalTable ??= Float64Array.from({ length: TWO_16 }, (_, k) => normalQuantile((k + 0.5) / TWO_16));
    const halves = this.halves(size);
    const out = new Float64Array(size);
    for (let at = 0; at < size; at++) out[at] = normalTable[halves[at]!]!;
    return out;
  }
}

let normalTable: Float64Array | undefined;
