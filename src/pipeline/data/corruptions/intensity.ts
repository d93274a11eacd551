/** Changes of the intensity x in [0, 1]. Source of the parameters: MNIST-C, see noise.ts. */
import { type Corruption, type Levels, PIXELS, SIZE, toBytes } from './image.ts';

const CONTRAST: Levels = [0.4, 0.3, 0.2, 0.1, 0.05];

/** (x - m) c + m, with the mean m of the image. */
export const contrast: Corruption = (image, level) => {
  const factor = CONTRAST[level]!;
  const mean = image.reduce((sum, byte) => sum + byte, 0) / PIXELS;
  return lookUp(
    image,
    byteTable((byte) => (byte - mean) * factor + mean),
  );
};

/** x + b. */
const brighter = tables([0.1, 0.2, 0.3, 0.4, 0.5], (byte, offset) => byte + 255 * offset);

export const brightness: Corruption = (image, level) => lookUp(image, brighter[level]!);

/**
 * Factor and offset of hue, saturation and value alike, in HSV; and the luminance that the offset's tint leaves, as
 * the result is grey again: 0.2125 R + 0.7154 G + 0.0721 B of hsv(offset, offset, 1).
 */
const SATURATE: Levels<readonly [number, number, number]> = [
  [0.3, 0, 1],
  [0.1, 0, 1],
  [2, 0, 1],
  [5, 0.1, 0.2125 + 0.7154 * 0.96 + 0.0721 * 0.9],
  [20, 0.2, 0.2125 * 0.96 + 0.7154 + 0.0721 * 0.8],
];
const saturated = tables(
  SATURATE,
  (byte, [factor, offset, luminance]) => luminance * Math.min(255, byte * factor + 255 * offset),
);

/** Darker at severities 1 and 2, brighter from 3 on. */
export const saturate: Corruption = (image, level) => lookUp(image, saturated[level]!);

const quantized = tables([5, 4, 3, 2, 1], (byte, bits) => {
  const top = 2 ** bits - 1;
  return (Math.round((byte * top) / 255) * 255) / top;
});

/** As many grey values as 5, 4, 3, 2 bits and 1 bit can tell apart. */
export const quantize: Corruption = (image, level) => lookUp(image, quantized[level]!);

/** 1 - x. */
export const inverse: Corruption = (image) => image.map((byte) => 255 - byte);

/** 1 - x in the left and the right quarter. */
export const stripe: Corruption = (image) =>
  image.map((byte, at) => {
    const column = at % SIZE;
    return column < SIZE / 4 || column >= (3 * SIZE) / 4 ? 255 - byte : byte;
  });

function tables<T>(levels: Levels<T>, change: (byte: number, value: T) => number): Uint8Array[] {
  return levels.map((value) => byteTable((byte) => change(byte, value)));
}

function byteTable(change: (byte: number) => number): Uint8Array {
  return toBytes(Array.from({ length: 256 }, (_, byte) => change(byte)));
}

function lookUp(image: Uint8Array, table: Uint8Array): Uint8Array {
  return image.map((byte) => table[byte]!);
}
