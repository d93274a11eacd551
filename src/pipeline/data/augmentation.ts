import type { Params } from '../../backend/backend.ts';
import { ArgumentError } from '../../tensor/errors.ts';
import { ERASE_AREA } from '../config/data.ts';

/** Random changes of training images; 0 turns each off. */
export interface Augmentation {
  /** Probability of a horizontal flip. */
  readonly flip: number;
  /** Greatest shift in pixels, in each direction of each axis; the new pixels are black. */
  readonly shift: number;
  /** Probability that a rectangle is blackened. */
  readonly erase: number;
  /** Least and greatest share of the image that it covers; default [0.02, 0.33]. */
  readonly eraseArea?: readonly [number, number];
}

/** An augmentation and the keys of its random numbers, besides the image's row number. */
export interface AugmentationDraw extends Augmentation {
  /** A whole number below 2^53. */
  readonly seed: number;
  /** A whole number below 2^32; the trainer gives the epoch. */
  readonly stream: number;
}

/** Probabilities are compared with 24 random bits. */
const CERTAIN = 2 ** 24;
const MOST_SHIFT = 2 ** 15;

/** Whether an augmentation changes anything. */
export function changesImages({ flip, shift, erase }: Augmentation): boolean {
  return flip > 0 || shift > 0 || erase > 0;
}

type Drawn = 'seedLow' | 'seedHigh' | 'stream' | 'flip' | 'shift' | 'erase' | 'eraseLeast' | 'eraseMost';

/**
 * The kernel's parameters for images of `pixels` pixels.
 *
 * @throws ArgumentError for values out of range
 */
export function augmentationParams(
  draw: AugmentationDraw,
  pixels: number,
): Pick<Params<'augmentImages'>, Drawn> {
  const { seed, stream, flip, shift, erase, eraseArea = ERASE_AREA } = draw;
  const [least, most] = eraseArea;
  check('flip', flip, isShare(flip), 'a probability from 0 to 1');
  check('shift', shift, isWhole(shift, MOST_SHIFT), `a whole number of pixels from 0 to ${MOST_SHIFT}`);
  check('erase', erase, isShare(erase), 'a probability from 0 to 1');
  check('eraseArea', eraseArea, isShare(least) && isShare(most) && least <= most, '0 ≤ least ≤ most ≤ 1');
  check('seed', seed, isWhole(seed, Number.MAX_SAFE_INTEGER), 'a whole number below 2^53');
  check('stream', stream, isWhole(stream, 2 ** 32 - 1), 'a whole number below 2^32');
  return {
    seedLow: seed >>> 0,
    seedHigh: Math.floor(seed / 2 ** 32),
    stream,
    flip: Math.round(flip * CERTAIN),
    shift,
    erase: Math.round(erase * CERTAIN),
    eraseLeast: Math.max(1, Math.round(least * pixels)),
    eraseMost: Math.max(1, Math.round(most * pixels)),
  };
}

function isShare(value: number): boolean {
  return value >= 0 && value <= 1;
}

function isWhole(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= most;
}

function check(name: string, value: unknown, holds: boolean, takes: string): void {
  if (!holds) throw new ArgumentError('augmentation', `no such ${name}`, { takes, got: String(value) });
}
