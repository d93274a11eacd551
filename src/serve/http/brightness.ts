import type { Pixels } from '../inference/engine.ts';
import { RequestError } from '../errors.ts';

/** The value of full brightness. */
export type Scale = 1 | 255;

/**
 * The brightnesses of an image from 0 to 255.
 *
 * Many clients send values from 0 to 1. As brightnesses from 0 to 255 they would be black, and the answer would be wrong
 * without an error. An image none of whose values is above 1, though not all are 0, is therefore refused unless the
 * request says which scale it means. With scale 1, k / 255 in float32 or float64 becomes k again for every whole k, because
 * the product is rounded to float32. Both scales then give the same answer to the bit.
 *
 * @throws RequestError (400) for other values
 */
export function toBrightness(image: Pixels, scale?: Scale): Pixels {
  const full = scale ?? 255;
  let largest = 0;
  for (let i = 0; i < image.length; i++) {
    const value = image[i]!;
    if (!(value >= 0 && value <= full)) {
      throw new RequestError(400, `takes brightnesses from 0 to ${full}, got ${value}`);
    }
    if (value > largest) largest = value;
  }
  if (scale === undefined && largest > 0 && largest <= 1) throw new RequestError(400, AMBIGUOUS);
  if (full === 255) return image;
  return Float32Array.from(image, (value) => 255 * value);
}

const AMBIGUOUS =
  'takes brightnesses from 0 to 255, got an image whose values all lie between 0 and 1: say "scale": 1 if 1 is full brightness, or "scale": 255 if not';
