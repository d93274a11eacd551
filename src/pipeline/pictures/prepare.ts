import { PictureError } from './error.ts';
import type { GreyPicture } from './grey.ts';
import { type Box, resizeByArea } from './resize.ts';

/**
 * How a picture becomes an image of a model.
 *
 * - `object`: as Fashion-MNIST was made, bright on black, the object cut out and centred
 * - `resize`: scaled to height and width; a picture of that size stays as it is
 */
export type Preparation = 'object' | 'resize';

/** The images that a model takes. */
export interface ModelInput {
  readonly height: number;
  readonly width: number;
  readonly preparation: Preparation;
}

/** Converts a picture to an image of a model: uint8[height · width]. @throws PictureError as `preparePicture` */
export function fitPicture(picture: GreyPicture, { height, width, preparation }: ModelInput): Uint8Array {
  // Objects are cut out to squares.
  if (preparation === 'object' && height === width) return preparePicture(picture, height);
  return scalePicture(picture, height, width);
}

/** Scales a picture to height and width by area averaging: uint8[height · width]. */
export function scalePicture(picture: GreyPicture, height: number, width: number): Uint8Array {
  const grey = flatten(picture);
  if (picture.height === height && picture.width === width) return grey;
  const whole = { left: 0, top: 0, width: picture.width, height: picture.height };
  return Uint8Array.from(resizeByArea(grey, picture.width, whole, width, height), Math.round);
}

/** Brightness above the background that counts as the object. Less is noise. */
const NOISE = 16;

/**
 * Converts a picture to the format of Fashion-MNIST: 28 × 28, bright on black.
 *
 * The steps follow the creation of the data set. The background (the median of the border) becomes black; a picture
 * with a bright background is inverted. The object is cut out, its longer side is scaled to 28 pixels by area
 * averaging, and it is centred. A picture of 28 × 28 pixels with a dark border and at least one black pixel is used
 * unchanged: the images of the data set are of this kind, and some fill their frame.
 *
 * @returns uint8[side · side]
 * @throws PictureError if the picture contains only background
 *
 * Source: Xiao, Rasul and Vollgraf: Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms
 * (2017), section 2.
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
    throw new PictureError(
      'content',
      'the picture shows nothing: its brightness is that of its border everywhere',
    );
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

/** Transparent pixels take a brightness that contrasts with the opaque ones: white under dark ones, otherwise black. */
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

/** A histogram of the brightness of the border. Corners count twice. */
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

/** Rescales so that the background becomes 0 and the most distant brightness becomes 255. */
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
