/** The inputs of a corruption. */
import { IMAGE_SIZE } from '../images.ts';
import type { RandomWords } from './random.ts';

/** Height and width of an image in pixels. */
export const SIZE: number = IMAGE_SIZE;

/** Pixels of an image. */
export const PIXELS: number = SIZE * SIZE;

/**
 * One corruption.
 *
 * @param image uint8[784], row by row, 0 is background; it is not changed
 * @param level severity - 1: 0 to 4
 * @param random numbers of this image and this corruption, the same at every level
 * @returns uint8[784], new
 */
export type Corruption = (image: Uint8Array, level: number, random: RandomWords) => Uint8Array;

/** A value for each severity. */
export type Levels<T = number> = readonly [T, T, T, T, T];

/** Rounds intensities (0 to 255) to bytes, ties to even, and clamps what is out of range. */
export function toBytes(intensities: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8ClampedArray(intensities);
  return new Uint8Array(bytes.buffer);
}
