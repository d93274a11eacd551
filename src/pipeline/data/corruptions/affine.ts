/**
 * Affine maps about the middle of the image, (13.5, 13.5), with linear interpolation and a black surrounding.
 *
 * Source of the parameters: MNIST-C, see noise.ts.
 */
import { type Corruption, type Levels, PIXELS, SIZE, toBytes } from './image.ts';
import { cos, sin } from './mathematics.ts';

/** out(x, y) = in(a x + b y, c x + d y), from the middle. */
type Matrix = readonly [a: number, b: number, c: number, d: number];

/** For each pixel of the result, four pixels of the image and their weights. */
interface Sampling {
  readonly places: Uint16Array;
  readonly weights: Float64Array;
}

const ANGLES: Levels = [0.2, 0.4, 0.6, 0.8, 1];
const FACTORS: Levels = [0.9, 0.8, 0.7, 0.6, 0.5];

const shears = bothWays((angle) => [1, -sin(angle), 0, cos(angle)]);
const rotations = bothWays((angle) => [cos(angle), -sin(angle), sin(angle), cos(angle)]);
const scalings = FACTORS.map((factor) => sampling([1 / factor, 0, 0, 1 / factor]));

/** Shears by ±0.2 to ±1 rad; the sign is random. Like MNIST-C's, it also stretches the height by 1 / cos. */
export const shear: Corruption = (image, level, random) => sample(image, shears(level, random.sign()));

/** Turns by ±0.2 to ±1 rad; the sign is random. */
export const rotate: Corruption = (image, level, random) => sample(image, rotations(level, random.sign()));

/** Shrinks to 0.9 to 0.5 of the size. */
export const scale: Corruption = (image, level) => sample(image, scalings[level]!);

/** Shifts by 1 to 5 pixels in each direction; both signs are random. */
export const translate: Corruption = (image, level, random) => {
  const dx = (level + 1) * random.sign();
  const dy = (level + 1) * random.sign();
  const out = new Uint8Array(PIXELS);
  for (let y = Math.max(0, dy); y < Math.min(SIZE, SIZE + dy); y++) {
    for (let x = Math.max(0, dx); x < Math.min(SIZE, SIZE + dx); x++) {
      out[y * SIZE + x] = image[(y - dy) * SIZE + x - dx]!;
    }
  }
  return out;
};

function bothWays(matrix: (angle: number) => Matrix): (level: number, sign: number) => Sampling {
  const samplings = ANGLES.map((angle) => [sampling(matrix(-angle)), sampling(matrix(angle))] as const);
  return (level, sign) => samplings[level]![sign < 0 ? 0 : 1];
}

function sampling([a, b, c, d]: Matrix): Sampling {
  const middle = (SIZE - 1) / 2;
  const places = new Uint16Array(4 * PIXELS);
  const weights = new Float64Array(4 * PIXELS);
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    const right = (pixel % SIZE) - middle;
    const down = Math.floor(pixel / SIZE) - middle;
    const x = a * right + b * down + middle;
    const y = c * right + d * down + middle;
    for (let corner = 0; corner < 4; corner++) {
      const column = Math.floor(x) + (corner % 2);
      const row = Math.floor(y) + (corner >> 1);
      // Pixels outside are black: weight 0.
      if (column < 0 || column >= SIZE || row < 0 || row >= SIZE) continue;
      places[4 * pixel + corner] = row * SIZE + column;
      weights[4 * pixel + corner] = (1 - Math.abs(x - column)) * (1 - Math.abs(y - row));
    }
  }
  return { places, weights };
}

function sample(image: Uint8Array, { places, weights }: Sampling): Uint8Array {
  const out = new Float64Array(PIXELS);
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    let sum = 0;
    for (let at = 4 * pixel; at < 4 * pixel + 4; at++) sum += weights[at]! * image[places[at]!]!;
    out[pixel] = sum;
  }
  return toBytes(out);
}
