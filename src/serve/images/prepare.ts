import { type GreyPicture, ImageError } from './decode.ts';
import { type Box, resizeByArea } from './resize.ts';

/** Brightness above the background that belongs to the object: less is noise of the picture. */
const NOISE = 16;

/**
 * A picture as Fashion-MNIST shows one: 28 × 28, bright on black.
 *
 * The steps are those by which the data set was made: the background (the median of the border) becomes black,
 * inverting the picture where it is bright; what is not background is cut out; its longer side is brought to 28
 * pixels, here by area averaging; and it is set in the middle. A picture of 28 × 28 that is dark at its border, and
 * black at some place of it, is taken as it is: so are the images of the data set, of which some fill their frame.
 *
 * @returns uint8[side · side]
 * @throws ImageError (422) where there is nothing but background
 *
 * Source: Xiao, Rasul and Vollgraf: Fashion-MNIST: a novel image dataset for benchmarking machine learning
 * algorithms (2017), section 2.
 */
export function preparePicture(picture: GreyPicture, side: number): Uint8Array {
  const { width, height } = picture;
  const grey = flatten(picture);
  const border = borderHistogram(grey, width, height);
  const background = median(border);
  const isFinished = width === side && height === side && background <= 127 && border[0]! > 0;
  if (isFinished) return grey;
  const values = onBlack(grey, background);
  const box = boundingBox(values, width, height);
  if (!box) {
    throw new ImageError(422, 'the picture shows nothing: all of it is as bright as its border');
  }
  const scale = side / Math.max(box.width, box.height);
  const fitted = { width: fit(box.width * scale, side), height: fit(box.height * scale, side) };
  const small = resizeByArea(values, width, box, fitted.width, fitted.height);
  const out = new Uint8Array(side * side);
  const left = Math.floor((side - fitted.width) / 2);
  const top = Math.floor((side - fitted.height) / 2);
  for (let y = 0; y < fitted.height; y++) {
    for (let x = 0; x < fitted.width; x++) {
      out[(top + y) * side + left + x] = Math.round(small[y * fitted.width + x]!);
    }
  }
  return out;
}

/** Transparent pixels take the brightness that the opaque ones stand out from: white under dark ones, else black. */
function flatten({ grey, alpha }: GreyPicture): Uint8Array {
  if (!alpha) return grey;
  let weight = 0;
  let sum = 0;
  grey.forEach((value, i) => {
    weight += alpha[i]!;
    sum += alpha[i]! * value;
  });
  const ground = weight > 0 && sum / weight < 128 ? 255 : 0;
  return grey.map((value, i) => Math.round((alpha[i]! * value + (255 - alpha[i]!) * ground) / 255));
}

/** How often each brightness occurs on the border; corners count twice. */
function borderHistogram(grey: Uint8Array, width: number, height: number): Uint32Array {
  const counts = new Uint32Array(256);
  const count = (x: number, y: number): void => {
    counts[grey[y * width + x]!]!++;
  };
  for (let x = 0; x < width; x++) [0, height - 1].forEach((y) => count(x, y));
  for (let y = 0; y < height; y++) [0, width - 1].forEach((x) => count(x, y));
  return counts;
}

function median(counts: Uint32Array): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let seen = 0;
  return counts.findIndex((count) => 2 * (seen += count) >= total);
}

/** Stretched so that the background is 0 and the most distant brightness 255 stays 255. */
function onBlack(grey: Uint8Array, background: number): Uint8Array {
  const inverted = background > 127;
  const ground = inverted ? 255 - background : background;
  return grey.map((value) => {
    const bright = inverted ? 255 - value : value;
    return Math.round((Math.max(0, bright - ground) * 255) / (255 - ground));
  });
}

function boundingBox(values: Uint8Array, width: number, height: number): Box | undefined {
  let [left, right, top, bottom] = [width, -1, height, -1];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (values[y * width + x]! <= NOISE) continue;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = y;
    }
  }
  return right < 0 ? undefined : { left, top, width: right - left + 1, height: bottom - top + 1 };
}

function fit(size: number, side: number): number {
  return Math.max(1, Math.min(side, Math.round(size)));
}
