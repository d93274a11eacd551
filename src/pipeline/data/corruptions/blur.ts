/**
 * Blurs. MNIST-C's gaussian blurs act along one axis only, since its code declares the columns of a grey image to be
 * colours. Here both axes are blurred.
 *
 * Source of the parameters: MNIST-C, see noise.ts.
 */
import { type Corruption, type Levels, PIXELS, SIZE, toBytes } from './image.ts';
import { cos, sin } from './mathematics.ts';
import { gaussianMixing, gaussianWeights, mixBoth, mixings } from './separable.ts';

const gaussian = mixings([1, 2, 3, 4, 6], gaussianMixing);

/** Convolution with a Gaussian of σ pixels. */
export const gaussianBlur: Corruption = (image, level) => toBytes(mixBoth(gaussian[level]!, image));

/** σ of the blur, greatest distance of a swap, passes. */
const GLASS: Levels<readonly [number, number, number]> = [
  [0.7, 1, 2],
  [0.9, 2, 1],
  [1, 2, 3],
  [1.1, 3, 2],
  [1.5, 4, 2],
];
const glass = mixings(GLASS, ([sigma]) => gaussianMixing(sigma));

/** Blurs, swaps about every other pixel with one nearby, and blurs again. */
export const glassBlur: Corruption = (image, level, random) => {
  const [, reach, passes] = GLASS[level]!;
  const pixels = mixBoth(glass[level]!, image).map(Math.floor);
  for (let pass = 0; pass < passes; pass++) {
    for (let y = SIZE - reach; y > reach; y--) {
      for (let x = SIZE - reach; x > reach; x--) {
        const word = random.next();
        if (word % 2 === 0) continue;
        // 15 bits and 16 bits for the two distances, from -reach to reach - 1.
        const dx = (((word & 0xffff) >>> 1) * 2 * reach) >>> 15;
        const dy = ((word >>> 16) * 2 * reach) >>> 16;
        const here = y * SIZE + x;
        const there = (y + dy - reach) * SIZE + x + dx - reach;
        const swapped = pixels[here]!;
        pixels[here] = pixels[there]!;
        pixels[there] = swapped;
      }
    }
  }
  return toBytes(mixBoth(glass[level]!, pixels));
};

/** Radius of the disk; σ of the blur of its edge, and the reach of that blur in pixels. */
const DEFOCUS: Levels<readonly [number, number, number]> = [
  [3, 0.1, 1],
  [4, 0.5, 1],
  [6, 0.5, 1],
  [8, 0.5, 1],
  [10, 0.5, 2],
];

const disks = DEFOCUS.map(([radius, sigma, reach]) => disk(radius, sigma, reach));

/** Convolution with a disk; beyond the border the image is mirrored, without its outermost pixels. */
export const defocusBlur: Corruption = (image, level) => {
  const { reach, weights } = disks[level]!;
  const padded = new Float64Array(PADDED * PADDED);
  for (let y = 0; y < PADDED; y++) {
    const row = mirrored(y - MARGIN) * SIZE;
    for (let x = 0; x < PADDED; x++) padded[y * PADDED + x] = image[row + mirrored(x - MARGIN)]!;
  }
  const out = new Float64Array(PIXELS);
  const rows = new Float64Array(PADDED);
  for (let y = 0; y < SIZE; y++) {
    for (let dy = 0; dy <= reach; dy++) {
      // Rows above and below, and columns left and right, have equal weights: they are added first.
      const above = (y + MARGIN - dy) * PADDED;
      const below = (y + MARGIN + dy) * PADDED;
      for (let x = 0; x < PADDED; x++) rows[x] = padded[above + x]! + (dy > 0 ? padded[below + x]! : 0);
      for (let dx = 0; dx <= reach; dx++) {
        const weight = weights[dy * (reach + 1) + dx]!;
        if (weight === 0) continue;
        for (let x = 0; x < SIZE; x++) {
          const right = dx > 0 ? rows[x + MARGIN + dx]! : 0;
          out[y * SIZE + x]! += weight * (rows[x + MARGIN - dx]! + right);
        }
      }
    }
  }
  return toBytes(out);
};

/** The reach of the largest disk beyond the border. */
const MARGIN = 12;
const PADDED = SIZE + 2 * MARGIN;

interface Disk {
  readonly reach: number;
  /** float64[reach + 1, reach + 1]: a quarter of the disk, from the middle on; the whole disk's sum is 1. */
  readonly weights: Float64Array;
}

function disk(radius: number, sigma: number, softReach: number): Disk {
  const soft = gaussianWeights(sigma, -softReach, softReach);
  const reach = radius + softReach;
  const weights = new Float64Array((reach + 1) * (reach + 1));
  let total = 0;
  for (let dy = 0; dy <= reach; dy++) {
    for (let dx = 0; dx <= reach; dx++) {
      let weight = 0;
      soft.forEach((byRow, row) =>
        soft.forEach((byColumn, column) => {
          const y = dy + row - softReach;
          const x = dx + column - softReach;
          if (x * x + y * y <= radius * radius) weight += byRow * byColumn;
        }),
      );
      weights[dy * (reach + 1) + dx] = weight;
      total += weight * (dy > 0 ? 2 : 1) * (dx > 0 ? 2 : 1);
    }
  }
  return { reach, weights: weights.map((weight) => weight / total) };
}

function mirrored(at: number): number {
  if (at < 0) return -at;
  return at < SIZE ? at : 2 * (SIZE - 1) - at;
}

/** Half the length of the motion in pixels, and σ of the weights along it. */
const MOTION: Levels<readonly [number, number]> = [
  [10, 3],
  [15, 5],
  [15, 8],
  [15, 12],
  [20, 15],
];
const QUARTER_TURN = 1.5707963267948966;

/** A one-sided Gaussian along a direction uniform in ±45°; beyond the border the outermost pixels continue. */
export const motionBlur: Corruption = (image, level, random) => {
  const [radius, sigma] = MOTION[level]!;
  const angle = (random.uniform() - 0.5) * QUARTER_TURN;
  const across = cos(angle);
  const down = sin(angle);
  const weights = gaussianWeights(sigma, 0, 2 * radius);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const out = new Float64Array(PIXELS);
  weights.forEach((weight, step) => {
    const dx = Math.ceil(step * across - 0.5);
    const dy = Math.ceil(step * down - 0.5);
    // dx ≥ 0: from `inside` on, the columns come from beyond the right border.
    const inside = Math.max(0, SIZE - dx);
    const share = weight / total;
    for (let y = 0; y < SIZE; y++) {
      const row = Math.min(SIZE - 1, Math.max(0, y + dy)) * SIZE;
      const last = image[row + SIZE - 1]!;
      for (let x = 0; x < inside; x++) out[y * SIZE + x]! += share * image[row + x + dx]!;
      for (let x = inside; x < SIZE; x++) out[y * SIZE + x]! += share * last;
    }
  });
  return toBytes(out);
};
