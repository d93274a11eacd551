/**
 * Philox 4x32-10, a counter-based generator: random numbers as a pure function of (counter, key).
 *
 * There is no state to save or to share. Seed, stream and index determine a number, in any order and on any device.
 *
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011; the constants and
 * known-answer vectors are those of the Random123 library.
 */

/** Four unsigned 32-bit words. */
export type Words4 = [number, number, number, number];

/** Two unsigned 32-bit words. */
export type Words2 = [number, number];

const ROUNDS = 10;
const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/**
 * The upper 32 bits of the 64-bit product of two unsigned 32-bit numbers.
 *
 * Every partial product of 16-bit halves stays below 2^32, so doubles hold it exactly.
 *
 * @example multiplyHigh(0xffffffff, 0xffffffff) // 0xfffffffe
 */
export function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carried = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (carried >>> 16)) >>> 0;
}

/**
 * One block of Philox 4x32-10: four uniform u32 words for a counter under a key.
 *
 * @param counter four u32 words; distinct counters give independent blocks
 * @param key two u32 words, usually the low and high halves of a seed
 * @returns four u32 words
 * @example philox4x32([0, 0, 0, 0], [0, 0]) // [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]
 */
export function philox4x32(counter: Readonly<Words4>, key: Readonly<Words2>): Words4 {
  const words = new Uint32Array(4);
  philox4x32Into(words, ...counter, ...key);
  return [...words] as Words4;
}

/** The same for many blocks: writes four words to `words`, and allocates nothing. */
export function philox4x32Into(
  words: Uint32Array,
  counter0: number,
  counter1: number,
  counter2: number,
  counter3: number,
  key0: number,
  key1: number,
): void {
  let [c0, c1, c2, c3] = [counter0, counter1, counter2, counter3];
  let [k0, k1] = [key0, key1];
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low0 = Math.imul(MULTIPLIER_0, c0) >>> 0;
    const low1 = Math.imul(MULTIPLIER_1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}
