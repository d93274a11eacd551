/**
 * Blurs. MNIST-C blurs along one axis only where its text says gaussian: it tells the library that the columns of a
 * grey image are colours. Here both axes are blurred.
 *
 * Source of the parameters: MNIST-C, see noise.ts.
 */
import { type Corruption, type Levels, PIXELS, SIZE, toBytes } from './image.ts';
import { cos, exp, sin } from './mathematics.ts';
import { gaussianMixing, mixBoth, mixings } from './separable.ts';

const gaussian = mixings([1, 2, 3, 4, 6], gaussianMixing);

/** Convolution with a Gaussian of σ pixels. */
export const gaussianBlur: Corruption = (image, level) => toBytes(mixBoth(gaussian[level]!, image));

/** σ of the blur, furthest swap, passes. */
const GLASS: Levels<readonly [number, number, number]> = [
  [0.7, 1, 2],
  [0.9, 2, 1],
  [1, 2, 3],
  [1.1, 3, 2],
  [1.5, 4, 2],
];
const glass = mixings(GLASS, ([sigma]) => gaussianMixing(sigma));

/** Blurs, swaps every other pixel or so with one nearby, and blurs again. */
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

/** Radius of the disk; σ of the blur that softens its edge, and how many pixels that reaches. */
const DEFOCUS: Levels<readonly [number, number, number]> = [
  [3, 0.1, 1],
  [4, 0.5, 1],
  [6, 0.5, 1],
  [8, 0.5, 1],
  [10, 0.5, 2],
];

interface Tap {
  readonly dx: number;
  readonly dy: number;
  readonly weight: number;
}

const disks = DEFOCUS.map(([radius, sigma, reach]) => disk(radius, sigma, reach));

/** Convolution with a disk; beyond the border the image is mirrored, without its outermost pixels. */
export const defocusBlur: Corruption = (image, level) => {
  const margin = 12;
  const width = SIZE + 2 * margin;
  const padded = new Float64Array(width * width);
  for (let y = 0; y < width; y++) {
    const row = mirrored(y - margin) * SIZE;
    for (let x = 0; x < width; x++) padded[y * width + x] = image[row + mirrored(x - margin)]!;
  }
  const out = new Float64Array(PIXELS);
  for (const { dx, dy, weight } of disks[level]!) {
    for (let y = 0; y < SIZE; y++) {
      const from = (y + dy + margin) * width + dx + margin;
      for (let x = 0; x < SIZE; x++) out[y * SIZE + x]! += weight * padded[from + x]!;
    }
  }
  return toBytes(out);
};

function disk(radius: number, sigma: number, reach: number): Tap[] {
  const softness = Array.from({ length: 2 * reach + 1 }, (_, at) =>
    exp(-((at - reach) * (at - reach)) / (2 * sigma * sigma)),
  );
  const softnessSum = softness.reduce((sum, value) => sum + value, 0);
  const taps: Tap[] = [];
  let total = 0;
  for (let dy = -radius - reach; dy <= radius + reach; dy++) {
    for (let dx = -radius - reach; dx <= radius + reach; dx++) {
      let weight = 0;
      softness.forEach((byRow, row) =>
        softness.forEach((byColumn, column) => {
          const y = dy + row - reach;
          const x = dx + column - reach;
          if (x * x + y * y <= radius * radius) weight += (byRow * byColumn) / (softnessSum * softnessSum);
        }),
      );
      // The softest edge of the smallest disk is of the order of 1e-22: nothing.
      if (weight > 1e-9) taps.push({ dx, dy, weight });
      total += weight > 1e-9 ? weight : 0;
    }
  }
  return taps.map(({ dx, dy, weight }) => ({ dx, dy, weight: weight / total }));
}

function mirrored(at: number): number {
  if (at < 0) return -at;
  return at < SIZE ? at : 2 * (SIZE - 1) - at;
}

/** How many pixels the motion reaches, and σ of the weights along it. */
const MOTION: Levels<readonly [number, number]> = [
  [10, 3],
  [15, 5],
  [15, 8],
  [15, 12],
  [20, 15],
];
const QUARTER_TURN = 1.5707963267948966;

/** A one-sided Gaussian along a direction uniform in ±45°; beyond the border the outermost pixels go on. */
export const motionBlur: Corruption = (image, level, random) => {
  const [radius, sigma] = MOTION[level]!;
  const angle = (random.uniform() - 0.5) * QUARTER_TURN;
  const across = cos(angle);
  const down = sin(angle);
  const weights = Array.from({ length: 2 * radius + 1 }, (_, step) =>
    exp(-(step * step) / (2 * sigma * sigma)),
  );
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
