import type { Params } from '../backend.ts';
import { multiplyHigh, philox4x32, type Words4 } from '../philox.ts';
import { codes } from '../signatures.ts';
import { normalisedBytes } from './gatherImages.ts';
import type { Twin } from './twin.ts';

const { DOMAIN } = codes.augmentImages;

/** Left, top, right and bottom; right and bottom are outside. */
type Rectangle = readonly [number, number, number, number];
const NOTHING: Rectangle = [0, 0, 0, 0];

function words(row: number, block: number, { stream, seedLow, seedHigh }: Params<'augmentImages'>): Words4 {
  return philox4x32([row, block, stream, DOMAIN], [seedLow, seedHigh]);
}

function rectangle(
  [forArea, forSides, forLeft, forTop]: Words4,
  { width, height, eraseLeast, eraseMost }: Params<'augmentImages'>,
): Rectangle {
  const area = eraseLeast + multiplyHigh(forArea, eraseMost - eraseLeast + 1);
  const longest = Math.min(width, height);
  const shortMost = Math.min(Math.floor(Math.sqrt(area)), longest);
  const slimmest = Math.max(
    Math.floor(Math.sqrt(Math.floor((area * 3 - 1) / 10))) + 1,
    Math.ceil(area / longest),
  );
  const shortLeast = Math.min(slimmest, shortMost);
  const short = shortLeast + multiplyHigh(forSides, shortMost - shortLeast + 1);
  const long = Math.min(Math.floor(area / short), longest);
  const [w, h] = forSides % 2 === 1 ? [long, short] : [short, long];
  const left = multiplyHigh(forLeft, width - w + 1);
  const top = multiplyHigh(forTop, height - h + 1);
  return [left, top, left + w, top + h];
}

/** The augmentation of one image. */
export interface ImageChange {
  readonly flipped: boolean;
  readonly dx: number;
  readonly dy: number;
  readonly erased: Rectangle;
}

/** Draws the augmentation of the image with that row number. */
export function drawChange(row: number, params: Params<'augmentImages'>): ImageChange {
  const { flip, shift, erase } = params;
  const [forFlip, forX, forY, forErase] = words(row, 0, params);
  return {
    flipped: forFlip >>> 8 < flip,
    dx: multiplyHigh(forX, 2 * shift + 1) - shift,
    dy: multiplyHigh(forY, 2 * shift + 1) - shift,
    erased: forErase >>> 8 < erase ? rectangle(words(row, 1, params), params) : NOTHING,
  };
}

/** The source pixel of each place of the augmented image; -1 for black. */
export function changedPlaces(
  { flipped, dx, dy, erased: [left, top, right, bottom] }: ImageChange,
  width: number,
  height: number,
): Int32Array {
  const places = new Int32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const erased = x >= left && x < right && y >= top && y < bottom;
      const sourceX = (flipped ? width - 1 - x : x) - dx;
      const sourceY = y - dy;
      const inside = sourceX >= 0 && sourceX < width && sourceY >= 0 && sourceY < height;
      places[y * width + x] = !erased && inside ? sourceY * width + sourceX : -1;
    }
  }
  return places;
}

export const augmentImages: Twin<'augmentImages'> = ({ images, rows, labels, out, batchLabels }, params) => {
  const { count, width, height, start, center, scale } = params;
  const normalised = normalisedBytes(center, scale);
  const pixels = width * height;
  for (let image = 0; image < count; image++) {
    const row = rows[start + image]!;
    batchLabels[image] = labels[row]!;
    const places = changedPlaces(drawChange(row, params), width, height);
    for (let at = 0; at < pixels; at++) {
      const place = places[at]!;
      out[image * pixels + at] = normalised[place < 0 ? 0 : images[row * pixels + place]!]!;
    }
  }
};
