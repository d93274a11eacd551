/**
 * The corruptions of MNIST-C and Fashion-MNIST-C, made reproducible.
 *
 * A corrupted image is a pure function of (seed, image index, corruption, severity): the same bytes in any order, in any
 * process, on any machine. Random numbers come from Philox, keyed by these values; all other arithmetic is sums,
 * products, quotients and square roots of doubles, whose bits IEEE 754 defines. The random numbers do not depend on the
 * severity: an image is rotated in the same direction at each severity.
 *
 * Sources: N. Mu, J. Gilmer, "MNIST-C: a robustness benchmark for computer vision", 2019; M. Weiss, P. Tonella,
 * "Simple techniques work surprisingly well for neural network test prioritization and active learning", 2022
 * (Fashion-MNIST-C); D. Hendrycks, T. Dietterich, "Benchmarking neural network robustness", 2019.
 */
import { ArgumentError } from '../../../tensor/errors.ts';
import { rotate, scale, shear, translate } from './affine.ts';
import { defocusBlur, gaussianBlur, glassBlur, motionBlur } from './blur.ts';
import { cannyEdges } from './edges.ts';
import { type Corruption, PIXELS } from './image.ts';
import { brightness, contrast, inverse, quantize, saturate, stripe } from './intensity.ts';
import { dottedLine, zigzag } from './lines.ts';
import { gaussianNoise, impulseNoise, shotNoise, speckleNoise } from './noise.ts';
import { flipSides, flipUpDown, turnLeft, turnRight } from './orientation.ts';
import { RandomWords } from './random.ts';
import { pixelate } from './resolution.ts';
import { fog, spatter } from './weather.ts';

/** With five severities. */
const graded: Readonly<Record<string, Corruption>> = {
  gaussian_noise: gaussianNoise,
  shot_noise: shotNoise,
  impulse_noise: impulseNoise,
  speckle_noise: speckleNoise,
  gaussian_blur: gaussianBlur,
  glass_blur: glassBlur,
  defocus_blur: defocusBlur,
  motion_blur: motionBlur,
  contrast,
  brightness,
  saturate,
  pixelate,
  quantize,
  shear,
  rotate,
  scale,
  translate,
  fog,
  spatter,
};

/** The same at every severity. */
const ungraded: Readonly<Record<string, Corruption>> = {
  dotted_line: dottedLine,
  zigzag,
  canny_edges: cannyEdges,
  stripe,
  inverse,
  flip_sides: flipSides,
  flip_up_down: flipUpDown,
  turn_left: turnLeft,
  turn_right: turnRight,
};

const corruptions = new Map(Object.entries({ ...graded, ...ungraded }));

/** Names of all corruptions. */
export const CORRUPTIONS: readonly string[] = [...corruptions.keys()];

/** Severities go from 1 to this. */
export const SEVERITIES = 5;

export interface CorruptOptions {
  /** One of {@link CORRUPTIONS}. */
  readonly corruption: string;
  /** 1 to 5. */
  readonly severity: number;
  /** Integer from 0 to 2^53 - 1. */
  readonly seed: number;
  /** The image's row in its set, an integer from 0 to 2^32 - 1. */
  readonly index: number;
}

/** Whether the severity makes a difference. */
export function isGraded(corruption: string): boolean {
  return Object.hasOwn(graded, corruption);
}

/**
 * A corrupted copy of an image.
 *
 * @param image uint8[784], row by row, 0 is background
 * @returns uint8[784]
 * @throws ArgumentError for an argument that is out of range
 * @example corrupt(image, { corruption: 'shot_noise', severity: 3, seed: 0, index: 17 })
 */
export function corrupt(image: Uint8Array, options: CorruptOptions): Uint8Array {
  const { corruption, severity, seed, index } = options;
  const apply = corruptions.get(corruption);
  if (apply === undefined) throw wrong('corruption', CORRUPTIONS.join(', '), corruption);
  requireInteger('severity', severity, 1, SEVERITIES);
  requireInteger('seed', seed, 0, Number.MAX_SAFE_INTEGER);
  requireInteger('index', index, 0, 2 ** 32 - 1);
  if (image.length !== PIXELS) throw wrong('image', `${PIXELS} bytes`, `${image.length}`);
  return apply(image, severity - 1, new RandomWords(seed, index, streamOf(corruption)));
}

/** The stream of random numbers of a corruption: FNV-1a of its name, so that new names change no others. */
function streamOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

function requireInteger(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw wrong(name, `a whole number from ${least} to ${most}`, value);
}

function wrong(what: string, takes: string, got: unknown): ArgumentError {
  return new ArgumentError('corrupt', `no such ${what}`, { takes, got: String(got) });
}
