import { encode } from 'fast-png';

/** A picture inside a specification: grey values, row by row, 0 black to 255 white. */
export function greyPicture(pixels: Uint8Array, width: number): string {
  return dataUrl({ width, height: pixels.length / width, data: pixels, channels: 1 });
}

/**
 * A picture of signed values, as of a filter: white at 0, blue below, red above, full colour at the greatest
 * magnitude.
 */
export function signedPicture(values: ArrayLike<number>, width: number): string {
  const magnitude = Array.from(values).reduce((greatest, value) => Math.max(greatest, Math.abs(value)), 1e-30);
  const data = new Uint8Array(values.length * 3);
  for (let index = 0; index < values.length; index++) {
    const value = values[index]! / magnitude;
    const faded = Math.round(255 * (1 - Math.abs(value)));
    data.set(value < 0 ? [faded, faded, 255] : [255, faded, faded], index * 3);
  }
  return dataUrl({ width, height: values.length / width, data, channels: 3 });
}

function dataUrl(picture: { width: number; height: number; data: Uint8Array; channels: number }): string {
  return `data:image/png;base64,${Buffer.from(encode({ ...picture, depth: 8 })).toString('base64')}`;
}
