// How a picture becomes an image: exact pixels at every limit.

import { expect, test } from 'vitest';
import { pictureFormat } from '../../src/pipeline/pictures/format.ts';
import { fitPicture, preparePicture, scalePicture } from '../../src/pipeline/pictures/prepare.ts';
import type { GreyPicture } from '../../src/pipeline/pictures/grey.ts';
import { tidyJpeg } from '../../src/pipeline/pictures/tidyJpeg.ts';

/** A picture from its rows. */
function picture(...rows: number[][]): GreyPicture {
  return { width: rows[0]!.length, height: rows.length, grey: Uint8Array.from(rows.flat()) };
}

/** The rows of a square image. */
function rows(image: Uint8Array): number[][] {
  const side = Math.sqrt(image.length);
  return Array.from({ length: side }, (_, y) => [...image.subarray(y * side, (y + 1) * side)]);
}

/** A ground of 6 × 6 with the values in its middle. */
function framed(ground: number, ...inner: [number, number][]): GreyPicture {
  const line = new Array<number>(6).fill(ground);
  const middle = inner.map(([left, right]) => line.with(2, left).with(3, right));
  return picture(line, line, ...middle, line, line);
}

test('the background becomes black and what is farthest from it 255; what is darker is background, too', () => {
  // (value - 100) · 255 / 155
  expect(rows(preparePicture(framed(100, [255, 131], [0, 200]), 2))).toEqual([
    [255, 51],
    [0, 165],
  ]);
  // Inverted: (155 - (255 - value)), with the ground at 255 - 200 = 55.
  expect(rows(preparePicture(framed(200, [0, 100], [255, 180]), 2))).toEqual([
    [255, 128],
    [0, 26],
  ]);
});

test('a background up to 127 is dark, from 128 on it is bright', () => {
  // On dark ground the white corner is the object, on bright ground the black one is.
  const corners = [
    [255, 0],
    [0, 255],
  ] as [number, number][];
  expect(rows(preparePicture(framed(127, ...corners), 2))).toEqual([
    [255, 0],
    [0, 255],
  ]);
  expect(rows(preparePicture(framed(128, ...corners), 2))).toEqual([
    [0, 255],
    [255, 0],
  ]);
});

test('the background is the lower median of the border', () => {
  // Half of the border is 0 and half is 255, so the ground is black, and the picture is finished.
  const half = picture([0, 0, 0, 0], [0, 10, 255, 0], [255, 10, 10, 255], [255, 255, 255, 255]);
  expect(preparePicture(half, 4)).toEqual(half.grey);
});

test('a brightness of 16 above the background is noise, 17 is the object', () => {
  expect(() => preparePicture(framed(0, [16, 16], [16, 16]), 4)).toThrow('the picture shows nothing');
  // The object is one pixel, though its neighbour is not black.
  expect(new Set(preparePicture(framed(0, [17, 16], [0, 0]), 4))).toEqual(new Set([17]));
});

test('an object is centred; an odd rest goes to the right and to the bottom', () => {
  const wide = picture([0, 0, 0, 0, 0, 0], [0, 255, 255, 255, 255, 0], [0, 0, 0, 0, 0, 0]);
  const tall = picture([0, 0, 0], [0, 255, 0], [0, 255, 0], [0, 255, 0], [0, 255, 0], [0, 0, 0]);
  const line = [255, 255, 255, 255];
  const none = [0, 0, 0, 0];
  expect(rows(preparePicture(wide, 4))).toEqual([none, line, none, none]);
  expect(rows(preparePicture(tall, 4))).toEqual(new Array(4).fill([0, 255, 0, 0]));
});

test('a line keeps one pixel, however long it is', () => {
  const long = picture(
    new Array<number>(100).fill(0),
    new Array<number>(100).fill(0).fill(255, 2, 98),
    new Array<number>(100).fill(0),
  );
  expect(rows(preparePicture(long, 4)).map((row) => row.map((value) => value > 0))).toEqual([
    ...[false, true, false, false].map((isLine) => new Array<boolean>(4).fill(isLine)),
  ]);
});

test('a picture of the right size is finished if its border is dark and black somewhere', () => {
  const dark = picture([0, 9, 9], [9, 200, 9], [9, 9, 9]);
  expect(preparePicture(dark, 3)).toEqual(dark.grey);
  // A bright border, though one pixel is black: it is inverted.
  const bright = picture([0, 255, 255], [255, 40, 255], [255, 255, 0]);
  expect(preparePicture(bright, 3)).toEqual(Uint8Array.of(...[255, 0, 0], ...[0, 215, 0], ...[0, 0, 255]));
  // Another size of the same kind is cut out.
  expect(preparePicture(dark, 2)).not.toEqual(dark.grey);
});

test('transparent pixels are white under dark ones, and black under those of 128 and more', () => {
  const half = (value: number, alpha: number[]): GreyPicture => ({
    ...picture([value, value]),
    alpha: Uint8Array.from(alpha),
  });
  expect([...scalePicture(half(127, [255, 0]), 1, 2)]).toEqual([127, 255]);
  expect([...scalePicture(half(128, [255, 0]), 1, 2)]).toEqual([128, 0]);
  // Opacity counts by its share: (51 · 100 + 204 · 255) / 255.
  expect([...scalePicture(half(100, [255, 51]), 1, 2)]).toEqual([100, 224]);
  expect([...scalePicture(half(77, [0, 0]), 1, 2)]).toEqual([0, 0]);
});

test('only square images of objects are cut out; all others are scaled', () => {
  const source = framed(0, [200, 40], [0, 80]);
  const square = { height: 4, width: 4, preparation: 'object' } as const;
  expect(fitPicture(source, square)).toEqual(preparePicture(source, 4));
  for (const input of [
    { height: 4, width: 4, preparation: 'resize' },
    { height: 4, width: 3, preparation: 'object' },
    { height: 2, width: 6, preparation: 'resize' },
  ] as const) {
    expect(fitPicture(source, input)).toEqual(scalePicture(source, input.height, input.width));
  }
  // Means of two by two, rounded.
  expect([...scalePicture(picture([0, 1, 10, 20], [2, 3, 30, 41]), 1, 2)]).toEqual([2, 25]);
});

/** The first box of an ISO base media file. */
function box(brand: string, version: string, brands: string, after = ''): Buffer {
  const text = `ftyp${brand}${version}${brands}`;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(4 + text.length);
  return Buffer.concat([length, Buffer.from(text + after, 'latin1')]);
}
const NONE = '\0\0\0\0';
const nameOf = (bytes: Buffer | string): string => {
  try {
    return pictureFormat(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  } catch (error) {
    return /got (.*): convert/.exec((error as Error).message)?.[1] ?? 'none';
  }
};

test.each([
  ...['avif', 'avis'].map((brand) => ['AVIF', box(brand, NONE, '')] as const),
  ...['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1'].map(
    (brand) => ['HEIC', box(brand, NONE, '')] as const,
  ),
  ['AVIF', box('isom', NONE, 'mp41avif')],
  // A HEIF file that is an AVIF, too.
  ['AVIF', box('mif1', NONE, 'avif')],
  // Where brands stand in the version, or after the box, they are none.
  ['a video', box('isom', 'avif', 'mp41')],
  ['a video', box('isom', NONE, 'mp41', 'avif')],
  ['a video', box('isom', NONE, 'xxavifxx')],
  ['TIFF', 'II*\0'],
  ['TIFF', 'MM\0*'],
  ['TIFF', 'II+\0'],
  ['TIFF', 'MM\0+'],
  ['none', 'MM*\0'],
  ['WebP', 'RIFF\0\0\0\0WEBP'],
  ['none', 'RIFF\0\0\0\0WEBX'],
  ['none', 'RIFX\0\0\0\0WEBP'],
  ['SVG', Buffer.from('\uFEFF <SVG>')],
  ['SVG', '\n <!DOCTYPE svg PUBLIC "x"><svg/>'],
  ['none', '<!-- a page --><html>'],
  ['none', 'x<svg>'],
  ['none', `<?xml?>${' '.repeat(1024)}<svg>`],
  ['JPEG', '\xff\xd8\xff'],
  ['none', '\xff\xd8'],
  ['none', 'PNG\r\n\x1a\n'],
] as (readonly [string, Buffer | string])[])('%s by its first bytes: %#', (name, bytes) => {
  expect(nameOf(bytes)).toBe(name);
});

test('the range of a scan is put right in both kinds of sequential frames, and in no other', () => {
  const frame = (code: number): Buffer =>
    Buffer.from([
      ...[0xff, 0xd8, 0xff, code, 0, 4, 1, 1],
      ...[0xff, 0xda, 0, 8, 1, 1, 0, 3, 9, 0],
      ...[1, 2, 0xff, 0xd9],
    ]);
  for (const code of [0xc0, 0xc1]) {
    const tidy = Buffer.from(frame(code));
    tidy.set([0, 63, 0], 15);
    expect(tidyJpeg(frame(code))).toEqual(tidy);
  }
  for (const code of [0xc2, 0xc3]) expect(tidyJpeg(frame(code))).toEqual(frame(code));
});
