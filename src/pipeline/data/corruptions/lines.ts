/** Bright lines across the image, at random places, without severities. Source: MNIST-C, see noise.ts. */
import { type Corruption, SIZE, toBytes } from './image.ts';
import { log } from './mathematics.ts';

/** A point: column and row. */
type Point = readonly [x: number, y: number];

/** Half the height of a line in pixels; its intensity at distance d is 1 + ln(1 - d / 2.3). */
const REACH = 2.3;

/** A straight line from the left border to the right one, visible in two of every four columns. */
export const dottedLine: Corruption = (image, _level, random) => {
  const from: Point = [0, random.integer(0, SIZE - 1)];
  const to: Point = [SIZE - 1, random.integer(0, SIZE - 1)];
  const light = Float64Array.from(image);
  addLine(light, from, to, (column) => column % 4 >= 2);
  return toBytes(light);
};

/** A zigzag from column 2 to column 25 along a slightly sloping line, 2 pixels to either side of it. */
export const zigzag: Corruption = (image, _level, random) => {
  const [left, right, half] = [2, 25, 2];
  const row = random.integer(0, SIZE - 1);
  const rise = random.integer(-5, 5);
  const length = Math.sqrt((right - left) * (right - left) + rise * rise);
  const along = (right - left) / length;
  const across = rise / length;
  const corner = (distance: number, side: number): Point => [
    left + distance * along - side * across,
    row + distance * across + side * along,
  ];
  const corners = [corner(0, 0)];
  let side = half;
  for (let distance = half; distance < length; distance += 2 * half) {
    corners.push(corner(distance, side));
    side = -side;
  }
  corners.push(corner(length, 0));
  const light = Float64Array.from(image);
  for (let at = 1; at < corners.length; at++) addLine(light, corners[at - 1]!, corners[at]!, () => true);
  return toBytes(light);
};

/** Adds a line, in the columns from ⌊x0⌋ to ⌈x1⌉ - 1 that are `seen`, up to white. */
function addLine(
  light: Float64Array,
  [x0, y0]: Point,
  [x1, y1]: Point,
  seen: (column: number) => boolean,
): void {
  if (x1 === x0) return;
  const slope = (y1 - y0) / (x1 - x0);
  for (let x = Math.max(0, Math.floor(x0)); x < Math.min(SIZE, Math.ceil(x1)); x++) {
    if (!seen(x)) continue;
    for (let y = 0; y < SIZE; y++) {
      const distance = Math.abs(y - (slope * (x - x0) + y0));
      if (distance >= REACH) continue;
      const added = 255 * Math.max(0, 1 + log(1 - distance / REACH));
      light[y * SIZE + x] = Math.min(255, light[y * SIZE + x]! + added);
    }
  }
}
