/** Flips and turns, which Fashion-MNIST-C adds to MNIST-C. */
import { type Corruption, PIXELS, SIZE } from './image.ts';

const LAST = SIZE - 1;

/** Mirrored, left to right. */
export const flipSides: Corruption = moved((y, x) => y * SIZE + LAST - x);

/** Mirrored, top to bottom. */
export const flipUpDown: Corruption = moved((y, x) => (LAST - y) * SIZE + x);

/** A quarter turn against the clock. */
export const turnLeft: Corruption = moved((y, x) => x * SIZE + LAST - y);

/** A quarter turn with the clock. */
export const turnRight: Corruption = moved((y, x) => (LAST - x) * SIZE + y);

function moved(source: (y: number, x: number) => number): Corruption {
  const places = Uint16Array.from({ length: PIXELS }, (_, at) => source(Math.floor(at / SIZE), at % SIZE));
  return (image) => {
    const out = new Uint8Array(PIXELS);
    for (let at = 0; at < PIXELS; at++) out[at] = image[places[at]!]!;
    return out;
  };
}
