import { encode } from 'fast-png';

/** A picture inside a specification: grey values, row by row, 0 black to 255 white. */
export function greyPicture(pixels: Uint8Array, width: number): string {
  return dataUrl({ width, height: pixels.length / width, data: pixels, channels: 1 });
}

/** In pixels. */
const LEAST_WIDTH = 84;

/**
 * A picture of signed values, as of a filter: white at 0, blue below, red above, full colour at the greatest
 * magnitude.
 */
export function signedPicture(values: ArrayLike<number>, width: number): string {
  const magnitude = Array.from(values).reduce(
    (greatest, value) => Math.max(greatest, Math.abs(value)),
    1e-30,
  );
  // Viewers blur what they enlarge much: a value is a block of pixels.
  const block = Math.max(1, Math.floor(LEAST_WIDTH / width));
  const [across, down] = [width * block, (values.length / width) * block];
  const data = new Uint8Array(across * down * 3);
  for (let at = 0; at < across * down; at++) {
    const row = Math.floor(at / across / block);
    const value = values[row * width + Math.floor((at % across) / block)]! / magnitude;
    const faded = Math.round(255 * (1 - Math.abs(value)));
    data.set(value < 0 ? [faded, faded, 255] : [255, faded, faded], at * 3);
  }
  return dataUrl({ width: across, height: down, data, channels: 3 });
}

function dataUrl(picture: { width: number; height: number; data: Uint8Array; channels: number }): string {
  return `data:image/png;base64,${Buffer.from(encode({ ...picture, depth: 8 })).toString('base64')}`;
}
