import { describe, expect, it } from 'vitest';
import type { GreyPicture } from '../../../src/pipeline/pictures/grey.ts';
import { fitPicture, preparePicture, scalePicture } from '../../../src/pipeline/pictures/prepare.ts';

/** A picture from its rows. */
function picture(...rows: number[][]): GreyPicture {
  return { width: rows[0]!.length, height: rows.length, grey: Uint8Array.from(rows.flat()) };
}

/** The rows of an image. */
function rowsOf(image: Uint8Array, width: number): number[][] {
  return Array.from({ length: image.length / width }, (_, row) => [
    ...image.subarray(row * width, (row + 1) * width),
  ]);
}

const blank = (side: number, value: number): number[][] =>
  Array.from({ length: side }, () => new Array<number>(side).fill(value));

function changed(rows: number[][], ...pixels: [y: number, x: number, value: number][]): GreyPicture {
  for (const [y, x, value] of pixels) rows[y]![x] = value;
  return picture(...rows);
}

describe('the object of a picture', () => {
  it('is what is more than 16 above the background', () => {
    expect(() => preparePicture(changed(blank(6, 0), [2, 3, 16]), 4)).toThrow('the picture shows nothing');
    expect(rowsOf(preparePicture(changed(blank(6, 0), [2, 3, 17]), 4), 4)).toEqual(blank(4, 17));
  });

  it('stands in the middle, and nearer to the left and the top where that is not exact', () => {
    const column = changed(blank(6, 0), [1, 4, 200], [2, 4, 200], [3, 4, 200], [4, 4, 200]);
    const upright = [0, 200, 0, 0];
    expect(rowsOf(preparePicture(column, 4), 4)).toEqual([upright, upright, upright, upright]);
    const row = changed(blank(6, 0), [4, 1, 200], [4, 2, 200], [4, 3, 200], [4, 4, 200]);
    const empty = [0, 0, 0, 0];
    expect(rowsOf(preparePicture(row, 4), 4)).toEqual([empty, [200, 200, 200, 200], empty, empty]);
  });

  it('stands before the median of the border, whose corners count twice: of two, the darker', () => {
    const dark = picture([0, 0, 0, 100], [0, 0, 0, 100], [0, 0, 0, 100], [0, 100, 100, 100]);
    const [a, b, c] = [
      [0, 0, 0, 0, 0, 100, 100, 0],
      [0, 100, 100, 100, 100, 100, 100, 0],
      [0, 100, 100, 100, 100, 100, 100, 0],
    ];
    expect(rowsOf(preparePicture(dark, 8), 8)).toEqual([a, a, a, a, a, a, b, c]);
  });
});

describe('a picture of the size of the images', () => {
  const inner = (border: number): number[][] => [
    [border, border, border, border],
    [border, 200, 200, border],
    [border, 200, 200, border],
    [border, border, border, border],
  ];

  it('stays as it is where its border is dark and one of its pixels there black', () => {
    const finished = changed(inner(127), [0, 0, 0]);
    expect(preparePicture(finished, 4)).toEqual(finished.grey);
  });

  it('is prepared where no pixel of the border is black', () => {
    // (200 - 1) · 255 / 254
    expect(rowsOf(preparePicture(picture(...inner(1)), 4), 4)).toEqual(blank(4, 200));
  });

  it('is inverted where its border is bright', () => {
    // Only the black corner is darker than the border.
    expect(rowsOf(preparePicture(changed(inner(128), [0, 0, 0]), 4), 4)).toEqual(blank(4, 255));
  });

  it('is scaled, not cut out, for images that are not square', () => {
    const input = { height: 2, width: 4, preparation: 'object' as const };
    expect(rowsOf(fitPicture(picture(...inner(0)), input), 4)).toEqual([
      [0, 100, 100, 0],
      [0, 100, 100, 0],
    ]);
    expect(rowsOf(fitPicture(picture(...inner(1)), { ...input, height: 4 }), 4)).toEqual(blank(4, 200));
    const resized = { height: 4, width: 4, preparation: 'resize' as const };
    expect(rowsOf(fitPicture(picture(...inner(1)), resized), 4)).toEqual(inner(1));
  });
});

describe('transparent pixels', () => {
  it.each([
    // The mean of the opaque ones decides: white under dark ones, from 128 on black.
    [
      [127, 9],
      [255, 0],
      [127, 255],
    ],
    [
      [128, 9],
      [255, 0],
      [128, 0],
    ],
    [
      [100, 200, 9],
      [255, 255, 0],
      [100, 200, 0],
    ],
    [
      [100, 154, 9],
      [255, 255, 0],
      [100, 154, 255],
    ],
    // The mean counts by opacity: (255 · 100 + 51 · 250) / 306 = 125.
    [
      [100, 250, 9],
      [255, 51, 0],
      [100, 254, 255],
    ],
    [[200], [128], [100]],
    [
      [50, 60],
      [0, 0],
      [0, 0],
    ],
  ])('%j with opacity %j are %j', (grey, alpha, expected) => {
    const drawn = {
      width: grey.length,
      height: 1,
      grey: Uint8Array.from(grey),
      alpha: Uint8Array.from(alpha),
    };
    expect([...scalePicture(drawn, 1, grey.length)]).toEqual(expected);
  });
});
