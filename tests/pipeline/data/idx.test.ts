import { gzipSync } from 'node:zlib';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { DataError } from '../../../src/pipeline/data/errors.ts';
import {
  readIdxImages,
  readIdxLabels,
  writeIdxImages,
  writeIdxLabels,
} from '../../../src/pipeline/data/idx.ts';

const side = fc.integer({ min: 1, max: 9 });
const someImages = fc
  .tuple(fc.nat(5), side, side)
  .chain(([count, rows, columns]) =>
    fc
      .uint8Array({ minLength: count * rows * columns, maxLength: count * rows * columns })
      .map((pixels) => ({ count, rows, columns, pixels })),
  );

describe('reading back what was written', () => {
  test('images, plain and gzip', () => {
    fc.assert(
      fc.property(someImages, fc.boolean(), (images, compress) => {
        const written = writeIdxImages(images);
        const read = readIdxImages(compress ? gzipSync(written) : written);
        expect({ ...read, pixels: Array.from(read.pixels) }).toEqual({
          ...images,
          pixels: Array.from(images.pixels),
        });
      }),
    );
  });

  test('labels, plain and gzip', () => {
    fc.assert(
      fc.property(fc.uint8Array({ max: 9 }), fc.boolean(), (labels, compress) => {
        const written = writeIdxLabels(labels);
        const read = readIdxLabels(compress ? gzipSync(written) : written);
        expect(Array.from(read)).toEqual(Array.from(labels));
      }),
    );
  });
});

test('the written bytes are the format', () => {
  const pixels = Uint8Array.of(1, 2, 3, 4, 5, 6);
  expect(writeIdxImages({ count: 1, rows: 2, columns: 3, pixels }).toString('hex')).toBe(
    '00000803000000010000000200000003010203040506',
  );
  expect(writeIdxLabels(Uint8Array.of(7, 8)).toString('hex')).toBe('00000801000000020708');
});

test('the arrays read are views, not copies', () => {
  const written = writeIdxLabels(Uint8Array.of(1, 2));
  const labels = readIdxLabels(written);
  expect(Buffer.isBuffer(labels)).toBe(false);
  written[8] = 9;
  expect(labels[0]).toBe(9);
});

describe('refusals', () => {
  const images = writeIdxImages({ count: 2, rows: 2, columns: 2, pixels: new Uint8Array(8) });
  const labels = writeIdxLabels(Uint8Array.of(0, 9));
  const withSizes = (...sizes: number[]): Buffer => {
    const copy = Buffer.from(images);
    sizes.forEach((size, axis) => copy.writeUInt32BE(size, 4 + 4 * axis));
    return copy;
  };

  test.each([
    ['nothing', Buffer.alloc(0), /not an IDX file[^]*two zero bytes and a type[^]*nothing/],
    ['half a header', images.subarray(0, 10), /too short for an IDX header[^]*at least 16 bytes[^]*10 bytes/],
    [
      'labels for images',
      writeIdxLabels(new Uint8Array(20)),
      /no IDX file of images[^]*bytes in 3 dim[^]*\[20\]/,
    ],
    ['a truncated file', images.subarray(0, -1), /truncated[^]*24 bytes[^]*23 bytes/],
    ['an overlong file', Buffer.concat([images, Buffer.of(0)]), /longer than its header says/],
    ['a count too large', withSizes(3, 2, 2), /truncated, or its header lies/],
    ['sizes beyond any memory', withSizes(0xffffffff, 0xffffffff, 0xffffffff), /header lies/],
    ['images without pixels', withSizes(0xffffffff, 0, 0).subarray(0, 16), /without pixels/],
    ['damaged gzip', Buffer.concat([gzipSync(images).subarray(0, 12), Buffer.alloc(20)]), /damaged or trunc/],
    ['truncated gzip', gzipSync(images).subarray(0, -9), /damaged or truncated gzip/],
    ['gzip of something else', gzipSync(Buffer.from('hello, this is text')), /not an IDX file[^]*0x68 0x65/],
  ])('images: %s', (_, bytes, message) => {
    expect(() => readIdxImages(bytes)).toThrow(DataError);
    expect(() => readIdxImages(bytes)).toThrow(message);
  });

  test.each([
    ['images for labels', images, /no IDX file of labels[^]*bytes in 1 dimension\n[^]*\[2, 2, 2\]/],
    ['a truncated file', labels.subarray(0, -1), /truncated/],
    ['a label of 10', writeIdxLabels(Uint8Array.of(3, 10)), /out of range[^]*0 to 9[^]*10 at index 1/],
  ])('labels: %s', (_, bytes, message) => {
    expect(() => readIdxLabels(bytes)).toThrow(DataError);
    expect(() => readIdxLabels(bytes)).toThrow(message);
  });

  test('a label beyond a given number of classes', () => {
    expect(() => readIdxLabels(labels, { classes: 9 })).toThrow(/labels 0 to 8/);
  });

  test('a gzip bomb stops at the limit', () => {
    const bomb = gzipSync(Buffer.alloc(65 * 2 ** 20));
    expect(bomb.length).toBeLessThan(100_000);
    expect(() => readIdxImages(bomb)).toThrow(/unpacks to more than is allowed[^]*67108864 bytes/);
    expect(() => readIdxImages(gzipSync(images), { maxBytes: 20 })).toThrow(/more than is allowed/);
  });

  test('any bytes end in an error or in arrays that fit, never in a crash', () => {
    const header = fc.constantFrom([0, 0, 8, 3], [0, 0, 8, 1], [0x1f, 0x8b, 8, 0]).map((b) => Buffer.from(b));
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 40 }), (start, rest) => {
        const bytes = Buffer.concat([start, rest]);
        for (const read of [readIdxImages, readIdxLabels]) {
          try {
            read(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(DataError);
          }
        }
      }),
    );
  });

  test('writing images whose sizes do not fit', () => {
    expect(() => writeIdxImages({ count: 2, rows: 2, columns: 2, pixels: new Uint8Array(7) })).toThrow(
      /do not fit[^]*8 bytes[^]*7 bytes/,
    );
  });
});

test('errors name the file', () => {
  expect(() => readIdxLabels(Buffer.alloc(0), { label: 'some/labels.gz' })).toThrow(/^some\/labels\.gz: /);
});
