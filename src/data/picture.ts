import { tensor } from '../tensor/create.ts';
import type { Backend } from '../backend/backend.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { DataFormatError } from './formatError.ts';
import { luma } from './luma.ts';

/** A decoded picture, such as the browser's `ImageData`. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** One to four bytes a pixel: grey, grey and opacity, RGB, or RGBA. */
  readonly data: Uint8Array | Uint8ClampedArray;
}

/** Decodes the bytes of a picture's file. */
export type Decode = (bytes: Uint8Array, path: string) => Picture | Promise<Picture>;

/** Pixels of a picture that the browser decodes. */
const MOST_PIXELS = 2 ** 26;

/**
 * A picture as a tensor: float32 [channels, height, width], byte / 255. Opacity is left out, as in PIL's `convert('RGB')`.
 *
 * @throws DataFormatError when the data do not have the size of the picture
 */
export function pictureTensor(
  picture: Picture | null,
  path: string,
  channels: 1 | 3,
  device: Backend | undefined,
): Tensor {
  // What a decoder of the user's returns may be anything.
  const { width = 0, height = 0, data = [] } = (picture ?? {}) as Partial<Picture>;
  const pixels = width * height;
  const given = data.length / pixels;
  if (!(pixels > 0 && Number.isInteger(given) && given >= 1 && given <= 4)) {
    throw new DataFormatError(path, 'not a decoded picture', {
      takes: 'width and height, and one to four bytes for each pixel',
      got: `${data.length} bytes for ${width} × ${height} pixels`,
    });
  }
  const isColoured = given >= 3;
  const values = new Float32Array(channels * pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const at = pixel * given;
    if (channels === 1) {
      values[pixel] = (isColoured ? luma(data[at]!, data[at + 1]!, data[at + 2]!) : data[at]!) / 255;
    } else {
      for (let channel = 0; channel < 3; channel++) {
        values[channel * pixels + pixel] = data[isColoured ? at + channel : at]! / 255;
      }
    }
  }
  return tensor(values, { shape: [channels, height, width], ...(device && { device }) });
}

interface Bitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}

/** What the browser decodes with. */
interface BrowserPictures {
  createImageBitmap(blob: unknown, options: object): Promise<Bitmap>;
  Blob: new (parts: readonly Uint8Array[]) => unknown;
  OffscreenCanvas: new (
    width: number,
    height: number,
  ) => {
    getContext(kind: '2d'): {
      drawImage(bitmap: Bitmap, x: number, y: number): void;
      getImageData(x: number, y: number, width: number, height: number): Picture;
    } | null;
  };
}

/** The browser's decoder; undefined in other runtimes. */
export function browserDecoder(): Decode | undefined {
  const browser = globalThis as unknown as Partial<BrowserPictures>;
  if (!browser.createImageBitmap || !browser.OffscreenCanvas) return undefined;
  const { Blob, OffscreenCanvas } = browser as BrowserPictures;
  return async (bytes, path) => {
    const options = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' };
    const bitmap = await (browser as BrowserPictures).createImageBitmap(new Blob([bytes]), options);
    try {
      const { width, height } = bitmap;
      if (width * height > MOST_PIXELS) {
        throw new DataFormatError(path, 'too large', {
          takes: `at most ${MOST_PIXELS} pixels`,
          got: `${width} × ${height}`,
        });
      }
      const context = new OffscreenCanvas(width, height).getContext('2d')!;
      context.drawImage(bitmap, 0, 0);
      return context.getImageData(0, 0, width, height);
    } finally {
      bitmap.close();
    }
  };
}
