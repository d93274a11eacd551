import { encode } from 'fast-png';

/** Grey values (0 black to 255 white), row by row, as the data URL of a PNG. */
export function greyPicture(pixels: Uint8Array, width: number): string {
  return dataUrl({ width, height: pixels.length / width, data: pixels, channels: 1 });
}

/** In pixels. */
const LEAST_WIDTH = 84;

/** Signed values, such as a filter's, as a data URL: white at 0, blue below, red above, scaled by the greatest magnitude. */
export function signedPicture(values: ArrayLike<number>, width: number): string {
  const magnitude = Math.max(1e-30, ...Array.from(values, Math.abs));
  // A value is a block of pixels: viewers blur small pictures that they enlarge.
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
