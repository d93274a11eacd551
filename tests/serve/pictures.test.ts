import { encode } from 'fast-png';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, test } from 'vitest';
import { decodePicture } from '../../src/pipeline/pictures/decode.ts';
import { tidyJpeg } from '../../src/pipeline/pictures/tidyJpeg.ts';
import { forgePng } from './forgePng.ts';

const LIMITS = { pixels: 2 ** 20, seconds: 5 };

/** Grey and opacity of the first pixel. */
async function firstPixel(bytes: Uint8Array): Promise<[grey: number, alpha: number | undefined]> {
  const { grey, alpha } = await decodePicture(bytes, LIMITS);
  return [grey[0]!, alpha?.[0]];
}

async function greys(bytes: Uint8Array): Promise<number[]> {
  return Array.from((await decodePicture(bytes, LIMITS)).grey);
}

async function messageOf(bytes: Uint8Array): Promise<string> {
  return decodePicture(bytes, LIMITS).then(
    () => 'decoded',
    (error: unknown) => String(error),
  );
}

type Colour = [red: number, green: number, blue: number];

/** A picture of one colour, its opacity in 255ths. */
function plain([r, g, b]: Colour, alpha?: number): Sharp {
  const background = { r, g, b, ...(alpha !== undefined && { alpha: alpha / 255 }) };
  return sharp({ create: { width: 16, height: 16, channels: alpha === undefined ? 3 : 4, background } });
}

/** A PNG of one pixel. */
function pixel(depth: 8 | 16, ...channels: number[]): Uint8Array {
  const data = depth === 8 ? Uint8Array.from(channels) : Uint16Array.from(channels);
  return encode({ width: 1, height: 1, data, depth, channels: channels.length });
}

// As computed by PIL's convert('L').
const LUMA: [Colour, number][] = [
  [[255, 0, 0], 76],
  [[0, 255, 0], 150],
  [[0, 0, 255], 29],
  [[18, 52, 86], 46],
  [[200, 100, 50], 124],
  [[1, 1, 1], 1],
  [[255, 255, 255], 255],
];

describe('the grey of a colour is its luma by Rec. 601', () => {
  test.each(LUMA)('PNG %j', async (colour, luma) => {
    expect(await firstPixel(pixel(8, ...colour))).toEqual([luma, undefined]);
    for (const alpha of [255, 128, 7]) {
      expect(await firstPixel(pixel(8, ...colour, alpha))).toEqual([luma, alpha]);
    }
    const wide = colour.map((value) => 256 * value);
    expect(await firstPixel(pixel(16, ...wide))).toEqual([luma, undefined]);
    expect(await firstPixel(pixel(16, ...wide, 128 * 256))).toEqual([luma, 128]);
    const palette = { palette: true, colours: 2 };
    expect(await firstPixel(await plain(colour).png(palette).toBuffer())).toEqual([luma, undefined]);
    expect(await firstPixel(await plain(colour, 102).png(palette).toBuffer())).toEqual([luma, 102]);
  });

  test.each(LUMA)('WebP and AVIF without loss, %j', async (colour, luma) => {
    expect(await firstPixel(await plain(colour).webp({ lossless: true }).toBuffer())).toEqual([
      luma,
      undefined,
    ]);
    expect(await firstPixel(await plain(colour, 128).webp({ lossless: true }).toBuffer())).toEqual([
      luma,
      128,
    ]);
    const avif = { lossless: true, chromaSubsampling: '4:4:4' };
    expect(await firstPixel(await plain(colour).avif(avif).toBuffer())).toEqual([luma, undefined]);
    expect(await firstPixel(await plain(colour, 128).avif(avif).toBuffer())).toEqual([luma, 128]);
  });

  test('JPEG of best quality', async () => {
    const options = { quality: 100, chromaSubsampling: '4:4:4' };
    const lumas = LUMA.map(
      async ([colour]) => (await firstPixel(await plain(colour).jpeg(options).toBuffer()))[0],
    );
    expect(await Promise.all(lumas)).toEqual(LUMA.map(([, luma]) => luma));
  });

  test('a colour profile changes nothing', async () => {
    const options = { icc: 'p3' };
    const png = await plain([255, 0, 0]).withIccProfile(options.icc).png().toBuffer();
    expect((await sharp(png).metadata()).hasProfile).toBe(true);
    const { data } = await sharp(png, { ignoreIcc: true }).raw().toBuffer({ resolveWithObject: true });
    const [r, g, b] = Array.from(data);
    const luma = Math.round(0.299 * r! + 0.587 * g! + 0.114 * b!);
    expect(await firstPixel(png)).toEqual([luma, undefined]);
    expect(await firstPixel(await plain([r!, g!, b!]).png().toBuffer())).toEqual([luma, undefined]);
  });
});

describe('grey pictures keep their values', () => {
  const values = [0, 1, 2, 77, 127, 128, 254, 255];
  const picture = (channels: 1 | 2, depth: 8 | 16, list: number[]): Uint8Array =>
    encode({
      width: list.length / channels,
      height: 1,
      data: depth === 8 ? Uint8Array.from(list) : Uint16Array.from(list),
      depth,
      channels,
    });

  test('of 8 bits, with and without opacity', async () => {
    expect(await greys(picture(1, 8, values))).toEqual(values);
    const { grey, alpha } = await decodePicture(
      picture(
        2,
        8,
        values.flatMap((value) => [value, 255 - value]),
      ),
      LIMITS,
    );
    expect(Array.from(grey)).toEqual(values);
    expect(Array.from(alpha!)).toEqual(values.map((value) => 255 - value));
  });

  test('of 16 bits, by their upper 8', async () => {
    const wide = [0, 255, 256, 32_767, 32_768, 65_279, 65_280, 65_535];
    const upper = [0, 0, 1, 127, 128, 254, 255, 255];
    expect(await greys(picture(1, 16, wide))).toEqual(upper);
    expect(
      await greys(
        picture(
          2,
          16,
          wide.flatMap((value) => [value, 65_535]),
        ),
      ),
    ).toEqual(upper);
  });

  test('in JPEG, WebP and AVIF', async () => {
    const grey = plain([77, 77, 77]).toColourspace('b-w');
    for (const bytes of [
      await grey.clone().jpeg({ quality: 100 }).toBuffer(),
      await grey.clone().webp({ lossless: true }).toBuffer(),
      await grey.clone().avif({ lossless: true }).toBuffer(),
    ]) {
      expect(await firstPixel(bytes)).toEqual([77, undefined]);
    }
  });
});

describe('orientation', () => {
  const stored = Buffer.from([10, 20, 30, 40, 50, 60]);
  const upright: [orientation: number, width: number, grey: number[]][] = [
    [1, 3, [10, 20, 30, 40, 50, 60]],
    [2, 3, [30, 20, 10, 60, 50, 40]],
    [3, 3, [60, 50, 40, 30, 20, 10]],
    [4, 3, [40, 50, 60, 10, 20, 30]],
    [5, 2, [10, 40, 20, 50, 30, 60]],
    [6, 2, [40, 10, 50, 20, 60, 30]],
    [7, 2, [60, 30, 50, 20, 40, 10]],
    [8, 2, [30, 60, 20, 50, 10, 40]],
  ];

  test.each(upright)('%i in EXIF is undone', async (orientation, width, grey) => {
    const source = sharp(stored, { raw: { width: 3, height: 2, channels: 1 } })
      .toColourspace('srgb')
      .withMetadata({ orientation });
    const png = await decodePicture(await source.clone().png().toBuffer(), LIMITS);
    expect([png.width, Array.from(png.grey)]).toEqual([width, grey]);
    const webp = await decodePicture(await source.clone().webp({ lossless: true }).toBuffer(), LIMITS);
    expect([webp.width, Array.from(webp.grey)]).toEqual([width, grey]);
  });

  test('of a JPEG, too', async () => {
    const left = { create: { width: 16, height: 16, channels: 3, background: 'white' } } as const;
    const jpeg = await plain([0, 0, 0])
      .composite([{ input: left, left: 0, top: 0 }])
      .extend({ right: 16, background: 'black' })
      .jpeg({ quality: 100 })
      .withMetadata({ orientation: 6 })
      .toBuffer();
    const { width, height, grey } = await decodePicture(jpeg, LIMITS);
    // What was at the left is at the top.
    expect([width, height, grey[0], grey.at(-1)]).toEqual([16, 32, 255, 0]);
  });
});

describe('JPEGs as cameras and editors write them', () => {
  const raw = { width: 40, height: 30, channels: 3 } as const;
  const texture = Uint8Array.from({ length: 40 * 30 * 3 }, (_, at) => (at * at * 7 + at * 13) % 256);
  const marker = (jpeg: Buffer, code: number): number => jpeg.indexOf(Buffer.from([0xff, code]));
  const insert = (jpeg: Buffer, at: number, bytes: number[]): Buffer =>
    Buffer.concat([jpeg.subarray(0, at), Buffer.from(bytes), jpeg.subarray(at)]);

  test('with stray bytes, odd scan headers and trailing data give the same grey', async () => {
    const jpeg = await sharp(texture, { raw }).jpeg({ optimizeCoding: false }).toBuffer();
    const whole = await greys(jpeg);
    const tables = marker(jpeg, 0xc4);
    const scan = marker(jpeg, 0xda);
    const scanEnd = scan + 2 + jpeg.readUInt16BE(scan + 2);
    expect(jpeg.subarray(scanEnd - 3, scanEnd)).toEqual(Buffer.from([0, 63, 0]));
    const odd = Buffer.from(jpeg);
    odd.set([0, 0, 0], scanEnd - 3);
    const variants = {
      'bytes between segments': insert(jpeg, tables, [0, 0]),
      'bytes that look like stuffing': insert(jpeg, tables, [0xff, 0x00, 0x12]),
      'padding before a marker': insert(jpeg, tables, [0xff, 0xff]),
      'a scan without its range': odd,
      'zeros before the end': insert(jpeg, jpeg.length - 2, new Array<number>(50).fill(0)),
      'bytes after the end': insert(jpeg, jpeg.length, [1, 2, 3]),
      'another picture after the end': Buffer.concat([jpeg, jpeg.subarray(0, 300)]),
    };
    for (const [name, bytes] of Object.entries(variants)) expect(await greys(bytes), name).toEqual(whole);
    expect(tidyJpeg(jpeg), 'nothing to remove').toBe(jpeg);
  });

  test('progressive scans keep their ranges', async () => {
    const jpeg = await sharp(texture, { raw }).jpeg({ progressive: true }).toBuffer();
    expect(tidyJpeg(jpeg)).toBe(jpeg);
    expect(await messageOf(jpeg)).toBe('decoded');
  });

  test('are refused where data are damaged or missing', async () => {
    const jpeg = await sharp(texture, { raw }).jpeg({ optimizeCoding: false }).toBuffer();
    const scan = marker(jpeg, 0xda);
    // No Huffman code is all ones.
    const ones = Buffer.concat([
      jpeg.subarray(0, scan + 100),
      Buffer.alloc(100, '\xff\0', 'latin1'),
      jpeg.subarray(scan + 200),
    ]);
    expect(await messageOf(ones)).toMatch(/cannot be decoded: .*bad Huffman code/);
    expect(await messageOf(insert(jpeg, scan + 100, [0xff, 0xd9]))).toMatch(
      /cannot be decoded: .*premature end/,
    );
    const withoutTables = Buffer.concat([jpeg.subarray(0, 2), jpeg.subarray(marker(jpeg, 0xc0))]);
    expect(await messageOf(withoutTables)).toMatch(/cannot be decoded: .*[Qq]uantization table/);
    for (let end = 4; end < jpeg.length; end += end < jpeg.length - 20 ? 97 : 1) {
      expect(await messageOf(jpeg.subarray(0, end)), `${end} bytes`).toMatch(/it is cut off/);
    }
  });

  test('of segments whose lengths lie end in an error', async () => {
    const jpeg = await sharp(texture, { raw }).jpeg({ optimizeCoding: false }).toBuffer();
    for (const code of [0xdb, 0xc0, 0xda]) {
      for (const length of [0, 1, 2, 7, 0xffff]) {
        const lie = Buffer.from(jpeg);
        lie.writeUInt16BE(length, marker(jpeg, code) + 2);
        expect(await messageOf(lie), `${code} ${length}`).toMatch(/cannot be decoded/);
      }
    }
    const segments = Buffer.alloc(2 ** 22, '\xff\xe1\0\x02', 'latin1');
    // A scan may hold all eight restart markers.
    const restarts = [0, 1, 2, 3, 4, 5, 6, 7, 0].flatMap((count) => [1, 2, 0xff, 0xd0 + count]);
    const scan = Buffer.from([0xff, 0xd8, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, ...restarts, 3, 0xff, 0xd9]);
    expect(tidyJpeg(scan)).toBe(scan);
    // The two bytes between the start and the first segment go.
    expect(tidyJpeg(insert(segments, segments.length, [0xff, 0xd9]))).toHaveLength(2 ** 22);
  });
});

describe('other pictures', () => {
  test('PNGs with damaged comments or more after their end are decoded, as viewers do', async () => {
    const rows = Buffer.from([0, 10, 20, 0, 30, 40]);
    const png = forgePng(2, 2, rows, { tEXt: Buffer.from('Comment\0hello') });
    const comment = Buffer.from(png);
    comment[png.indexOf('hello') + 5]! ^= 0xff;
    for (const bytes of [png, comment, Buffer.concat([png, Buffer.from('more')])]) {
      expect(await greys(bytes)).toEqual([10, 20, 30, 40]);
    }
    const data = Buffer.from(png);
    data[png.indexOf('IDAT') + 9]! ^= 0xff;
    expect(await messageOf(data)).toMatch(/cannot be decoded/);
  });

  test('of an animation the first frame counts', async () => {
    const frames = Buffer.concat([Buffer.alloc(16 * 16 * 3, 40), Buffer.alloc(16 * 16 * 3, 200)]);
    const raw = { width: 16, height: 32, channels: 3, pageHeight: 16 } as const;
    const webp = await sharp(frames, { raw })
      .webp({ lossless: true, loop: 0, delay: [100, 100] })
      .toBuffer();
    expect((await sharp(webp, { animated: true }).metadata()).pages).toBe(2);
    const { width, height, grey } = await decodePicture(webp, LIMITS);
    expect([width, height, grey[0]]).toEqual([16, 16, 40]);
  });

  test.each(['webp', 'avif'] as const)('a %s that is cut off or too large is refused', async (format) => {
    const bytes = await plain([1, 2, 3]).resize(64, 64).toFormat(format).toBuffer();
    for (let end = 16; end < bytes.length; end += 7) {
      expect(await messageOf(bytes.subarray(0, end)), `${end} bytes`).toMatch(
        /cannot be decoded|takes a picture/,
      );
    }
    const large = sharp({ create: { width: 1025, height: 1024, channels: 3, background: 'red' } });
    expect(await messageOf(await large.toFormat(format, { effort: 0 }).toBuffer())).toMatch(
      /takes a picture of at most 1048576 pixels, got /,
    );
  });

  test('a picture of as many pixels as the limit is taken, and not one more', async () => {
    const bytes = await plain([1, 2, 3]).png().toBuffer();
    const { width, height } = await decodePicture(bytes, { ...LIMITS, pixels: 256 });
    expect([width, height]).toEqual([16, 16]);
    await expect(decodePicture(bytes, { ...LIMITS, pixels: 255 })).rejects.toThrow('of at most 255 pixels');
  });

  test('an AVIF whose size is a lie is not decoded', async () => {
    const bytes = await plain([1, 2, 3]).avif().toBuffer();
    const size = bytes.indexOf('ispe') + 8;
    for (const [width, height] of [
      [4, 4],
      [1000, 1000],
      [2 ** 31, 2 ** 31],
    ] as const) {
      const forged = Buffer.from(bytes);
      forged.writeUInt32BE(width, size);
      forged.writeUInt32BE(height, size + 4);
      expect(await messageOf(forged), `${width}`).toMatch(/cannot be decoded|at most 1048576 pixels/);
    }
  });

  const box = (brand: string, ...more: string[]): Buffer => {
    const brands = Buffer.from([brand, '\0\0\0\0', ...more].join(''), 'latin1');
    const head = Buffer.alloc(8);
    head.writeUInt32BE(8 + brands.length);
    head.write('ftyp', 4);
    return Buffer.concat([head, brands, Buffer.alloc(32)]);
  };
  test.each([
    ['HEIC', box('heic', 'mif1', 'heic')],
    ['HEIC', box('mif1', 'heic')],
    ['HEIC', box('hevc', 'heic')],
    ['a video', box('isom', 'mp41')],
    ['GIF', Buffer.from('GIF89a\x01\0\x01\0', 'latin1')],
    ['TIFF', Buffer.from('II*\0\x08\0\0\0', 'latin1')],
    ['TIFF', Buffer.from('MM\0*\0\0\0\x08', 'latin1')],
    ['BMP', Buffer.from('BM\0\0\0\0', 'latin1')],
    ['SVG', Buffer.from('<?xml version="1.0"?>\n<!-- a -->\n<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')],
    ['PDF', Buffer.from('%PDF-1.7\n')],
    ['JPEG XL', Buffer.from([0xff, 0x0a, 0, 0])],
    ['JPEG XL', Buffer.from('\0\0\0\x0cJXL \r\n\x87\n', 'latin1')],
    ['JPEG 2000', Buffer.from('\0\0\0\x0cjP  \r\n\x87\n', 'latin1')],
    ['an icon', Buffer.from([0, 0, 1, 0, 1, 0])],
  ])('%s is named, and what to do', async (name, bytes) => {
    expect(await messageOf(bytes)).toBe(
      `PictureError: takes a picture as PNG, JPEG, WebP or AVIF, got ${name}: convert it to JPEG or PNG`,
    );
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('hello')],
    ['a box of no length', Buffer.from('\0\0\0\0ftyp', 'latin1').subarray(0, 7)],
  ])('%s is none of these', async (_, bytes) => {
    expect(await messageOf(bytes)).toBe(
      'PictureError: takes a picture as PNG, JPEG, WebP or AVIF; the bytes are none of these',
    );
  });
});
