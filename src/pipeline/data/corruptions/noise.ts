/**
 * Noise that is drawn for each pixel separately. x is the intensity in [0, 1], z a standard normal number.
 *
 * Source of the parameters: N. Mu, J. Gilmer, "MNIST-C: a robustness benchmark for computer vision", 2019, and its
 * code, https://github.com/google-research/mnist-c.
 */
import { type Corruption, type Levels, PIXELS, toBytes } from './image.ts';
import { exp } from './mathematics.ts';

const GAUSSIAN: Levels = [0.08, 0.12, 0.18, 0.26, 0.38];

/** x + σ z. */
export const gaussianNoise: Corruption = (image, level, random) => {
  const deviation = 255 * GAUSSIAN[level]!;
  const noise = random.normals(PIXELS);
  return toBytes(noise.map((z, at) => image[at]! + deviation * z));
};

const SPECKLE: Levels = [0.15, 0.2, 0.35, 0.45, 0.6];

/** x + σ x z: the background stays dark. */
export const speckleNoise: Corruption = (image, level, random) => {
  const deviation = SPECKLE[level]!;
  const noise = random.normals(PIXELS);
  return toBytes(noise.map((z, at) => image[at]! * (1 + deviation * z)));
};

const IMPULSE: Levels = [0.03, 0.06, 0.09, 0.17, 0.27];

/** A share of the pixels becomes black or white, half of them each. */
export const impulseNoise: Corruption = (image, level, random) => {
  const share = Math.round(IMPULSE[level]! * 2 ** 16);
  const out = image.slice();
  const halves = random.halves(PIXELS);
  for (let at = 0; at < PIXELS; at++) {
    if (halves[at]! < share) out[at] = halves[at]! % 2 === 0 ? 0 : 255;
  }
  return out;
};

const PHOTONS: Levels = [60, 25, 12, 5, 3];

/** Poisson(c x) / c: the light is counted, and white is c photons. */
export const shotNoise: Corruption = (image, level, random) => {
  const photons = PHOTONS[level]!;
  const thresholds = (poissonTables[level] ??= Array.from({ length: 256 }, (_, byte) =>
    poissonThresholds((byte / 255) * photons),
  ));
  const halves = random.halves(PIXELS);
  const light = new Float64Array(PIXELS);
  for (let at = 0; at < PIXELS; at++) {
    light[at] = (255 * countUpTo(thresholds[image[at]!]!, halves[at]!)) / photons;
  }
  return toBytes(light);
};

/** How many of the ascending numbers do not exceed the value. */
function countUpTo(ascending: Float64Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Severity and intensity → thresholds. */
const poissonTables: Float64Array[][] = [];

/**
 * The distribution function P(count ≤ k) in units of 2^-16, for k = 0, 1, 2 … until it reaches 1: a uniform number
 * of 16 bits is a count of as many thresholds as do not exceed it.
 */
function poissonThresholds(mean: number): Float64Array {
  const thresholds: number[] = [];
  let probability = exp(-mean);
  let sum = 0;
  for (let count = 0; sum < 1 - 2 ** -17; count++) {
    sum += probability;
    thresholds.push(Math.round(sum * 2 ** 16));
    probability *= mean / (count + 1);
  }
  return Float64Array.from(thresholds);
}
