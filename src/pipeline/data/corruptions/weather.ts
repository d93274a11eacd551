/** Fog and mud. Source of the parameters: MNIST-C, see noise.ts. */
import { type Corruption, type Levels, PIXELS, SIZE, toBytes } from './image.ts';
import type { RandomWords } from './random.ts';
import { gaussianMixing, mixBoth, mixings } from './separable.ts';

/** Density of the fog; by which factor the random part shrinks from one scale to the next. */
const FOG: Levels<readonly [number, number]> = [
  [1.5, 2],
  [2, 2],
  [2.5, 1.7],
  [2.5, 1.5],
  [3, 1.4],
];

/** (x + d f) m / (m + d), with fog f from 0 to 1 of density d, and the greatest intensity m of the image. */
export const fog: Corruption = (image, level, random) => {
  const [density, decay] = FOG[level]!;
  const greatest = image.reduce((most, byte) => Math.max(most, byte), 0) / 255;
  const heights = plasma(decay, random);
  const out = new Float64Array(PIXELS);
  for (let y = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++) {
      const light = image[y * SIZE + x]! + 255 * density * heights[y * MAP + x]!;
      out[y * SIZE + x] = (light * greatest) / (greatest + density);
    }
  }
  return toBytes(out);
};

/**
 * Side of the map. MNIST-C uses a corner of a map of 256 × 256, whose large scales are invisible in 28 pixels, at the
 * cost of 65,536 random numbers an image.
 */
const MAP = 32;

/** Heights from 0 to 1 by the diamond-square algorithm on a torus, float64[32, 32]. */
function plasma(decay: number, random: RandomWords): Float64Array {
  const heights = new Float64Array(MAP * MAP);
  const at = (y: number, x: number): number => heights[(y & (MAP - 1)) * MAP + (x & (MAP - 1))]!;
  let wobble = 1;
  for (let step = MAP; step >= 2; step /= 2) {
    const half = step / 2;
    const wobbled = (sum: number): number => sum / 4 + wobble * (2 * random.uniform() - 1);
    for (let y = 0; y < MAP; y += step) {
      for (let x = 0; x < MAP; x += step) {
        const corners = at(y, x) + at(y + step, x) + at(y, x + step) + at(y + step, x + step);
        heights[(y + half) * MAP + x + half] = wobbled(corners);
      }
    }
    for (let y = 0; y < MAP; y += half) {
      for (let x = y % step === 0 ? half : 0; x < MAP; x += step) {
        const neighbours = at(y - half, x) + at(y + half, x) + at(y, x - half) + at(y, x + half);
        heights[y * MAP + x] = wobbled(neighbours);
      }
    }
    wobble /= decay;
  }
  const least = heights.reduce((low, height) => Math.min(low, height), Infinity);
  const most = heights.reduce((high, height) => Math.max(high, height), -Infinity);
  return heights.map((height) => (height - least) / (most - least));
}

interface Spatter {
  readonly mean: number;
  readonly deviation: number;
  readonly sigma: number;
  readonly threshold: number;
  readonly edge: number;
}

const SPATTER: Levels<Spatter> = [
  { mean: 0.65, deviation: 0.3, sigma: 4, threshold: 0.69, edge: 0.6 },
  { mean: 0.65, deviation: 0.3, sigma: 3, threshold: 0.68, edge: 0.6 },
  { mean: 0.65, deviation: 0.3, sigma: 2, threshold: 0.68, edge: 0.5 },
  { mean: 0.65, deviation: 0.3, sigma: 1, threshold: 0.65, edge: 1.5 },
  { mean: 0.67, deviation: 0.4, sigma: 1, threshold: 0.65, edge: 1.5 },
];
const drops = mixings(SPATTER, ({ sigma }) => gaussianMixing(sigma));
const edges = mixings(SPATTER, ({ edge }) => gaussianMixing(edge));
/** Intensity of mud, and the least share of it that is visible. */
const MUD = 63;
const LEAST_MUD = 0.8;

/** Mud where blurred noise is above a threshold. */
export const spatter: Corruption = (image, level, random) => {
  const { mean, deviation, threshold } = SPATTER[level]!;
  const liquid = mixBoth(drops[level]!, random.normals(PIXELS));
  const wet = liquid.map((value) => (mean + deviation * value > threshold ? 1 : 0));
  const mud = mixBoth(edges[level]!, wet);
  return toBytes(
    mud.map((share, at) => (share < LEAST_MUD ? image[at]! : MUD * share + image[at]! * (1 - share))),
  );
};
