/** Fewer pixels. Source of the parameters: MNIST-C, see noise.ts. */
import { type Corruption, PIXELS, SIZE, toBytes } from './image.ts';
import { type Mixing, mixBoth, mixings } from './separable.ts';

/** Pixels a side: 0.6, 0.5, 0.4, 0.3 and 0.25 of 28. */
const pixelated = mixings([16, 14, 11, 8, 7], pixelMixing);

/** Averages over boxes of whole pixels, each drawn as one large pixel. */
export const pixelate: Corruption = (image, level) => toBytes(mixBoth(pixelated[level]!, image));

/** Down to `side` pixels by the mean of those whose middle is in the box, and up again by repetition. */
function pixelMixing(side: number): Mixing {
  const width = SIZE / side;
  const mixing = new Float64Array(PIXELS);
  for (let row = 0; row < SIZE; row++) {
    const box = Math.floor((row + 0.5) / width);
    const inside = Array.from({ length: SIZE }, (_, from) => from).filter(
      (from) => from + 0.5 >= box * width && from + 0.5 < (box + 1) * width,
    );
    for (const from of inside) mixing[row * SIZE + from] = 1 / inside.length;
  }
  return mixing;
}
