import { deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, test, vi } from 'vitest';
import { PictureError } from '../../src/pipeline/pictures/error.ts';
import { answerTo } from '../../src/serve/http/errors.ts';
import { decodePicture } from '../../src/pipeline/pictures/decode.ts';
import type { GreyPicture } from '../../src/pipeline/pictures/grey.ts';
import { preparePicture } from '../../src/pipeline/pictures/prepare.ts';
import { resizeByArea } from '../../src/pipeline/pictures/resize.ts';
import { forgePng } from './forgePng.ts';

const LIMITS = { pixels: 2 ** 20, seconds: 5 };

async function statusOf(bytes: Uint8Array): Promise<number | string> {
  return decodePicture(bytes, LIMITS).then(
    () => 'decoded',
    (error: unknown) => (error instanceof PictureError ? answerTo(error).status : String(error)),
  );
}

describe('hostile pictures', () => {
  test('a bomb is refused by its header, before it goes off', async () => {
    // 900 million pixels of zeros in less than a megabyte.
    const bomb = forgePng(30_000, 30_000, Buffer.alloc(30_001 * 3_000));
    expect(bomb.length).toBeLessThan(2 ** 20);
    const before = process.memoryUsage().rss;
    expect(await statusOf(bomb)).toBe(413);
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 26);
  });

  test('a picture that takes too long is given up, and the client may try again', async () => {
    // What sharp says after its timeout: libvips may list other faults before.
    const late = new Error('source: bad seek to 1024\ntimeout: 19% complete\nVipsImage: killed');
    const decoding = vi.spyOn(sharp.prototype as Sharp, 'toBuffer').mockRejectedValue(late);
    try {
      expect(await statusOf(forgePng(8, 8, Buffer.alloc(9 * 8)))).toBe(503);
      expect(decoding).toHaveBeenCalledOnce();
    } finally {
      decoding.mockRestore();
    }
  });

  test('a text chunk that unpacks to gigabytes is not unpacked', async () => {
    const text = Buffer.concat([Buffer.from('Comment\0\0'), deflateSync(Buffer.alloc(2 ** 28))]);
    const before = process.memoryUsage().rss;
    expect(await statusOf(forgePng(1, 1, Buffer.alloc(2), { zTXt: text }))).toBe('decoded');
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 26);
  });

  test('headers that lie end in an error', async () => {
    expect(await statusOf(forgePng(100, 100, Buffer.alloc(10)))).toBe(422);
    expect(await statusOf(forgePng(0, 100, Buffer.alloc(10)))).toBe(422);
    expect(await statusOf(forgePng(2 ** 31 - 1, 2 ** 31 - 1, Buffer.alloc(10)))).toBe(422);
    // More pixels than the header says: what it says is decoded, and no more.
    const { width, height, grey } = await decodePicture(forgePng(2, 2, Buffer.alloc(10_000)), LIMITS);
    expect([width, height, grey.length]).toEqual([2, 2, 4]);
  });

  test.each([
    ['nothing', Buffer.alloc(0), 415],
    ['text', Buffer.from('hello'), 415],
    ['a GIF', Buffer.from('GIF89a\x01\x00\x01\x00'), 415],
    ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'), 415],
    ['a PNG signature alone', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), 422],
    ['a JPEG start alone', Buffer.from([0xff, 0xd8, 0xff, 0xe0]), 422],
  ])('refuses %s', async (_, bytes, status) => {
    expect(await statusOf(bytes)).toBe(status);
  });

  test('a picture cut short anywhere is refused, never half decoded', async () => {
    const source = sharp({
      create: {
        width: 40,
        height: 30,
        channels: 3,
        background: '#123456',
        noise: { type: 'gaussian', mean: 100, sigma: 50 },
      },
    });
    for (const whole of [await source.clone().png().toBuffer(), await source.clone().jpeg().toBuffer()]) {
      expect(await statusOf(whole)).toBe('decoded');
      for (let share = 1; share < 10; share++) {
        expect(await statusOf(whole.subarray(0, Math.floor((whole.length * share) / 10)))).toBe(422);
      }
    }
  });
});

describe('preparation', () => {
  /** A rectangle of one brightness on a ground of another. */
  function draw(width: number, height: number, ground: number, ink: number): GreyPicture {
    const grey = new Uint8Array(width * height).fill(ground);
    for (let y = Math.floor(height / 4); y < Math.floor((3 * height) / 4); y++) {
      grey.fill(ink, y * width + Math.floor((3 * width) / 8), y * width + Math.floor((5 * width) / 8));
    }
    return { width, height, grey };
  }

  test('dark on bright and bright on dark come out the same, at every size', () => {
    const expected = preparePicture(draw(56, 56, 0, 255), 28);
    // 14 × 28 of the object, set in the middle of black.
    expect(Array.from(expected.subarray(0, 28))).toEqual([
      ...new Array<number>(7).fill(0),
      ...new Array<number>(14).fill(255),
      ...new Array<number>(7).fill(0),
    ]);
    for (const size of [16, 112, 560]) {
      expect(preparePicture(draw(size, size, 255, 0), 28)).toEqual(expected);
      expect(preparePicture(draw(size, size, 0, 255), 28)).toEqual(expected);
    }
    expect(preparePicture(draw(400, 400, 220, 0), 28)).toEqual(expected);
  });

  test('transparent ground counts as ground, whatever colour lies under it', () => {
    const opaque = draw(64, 64, 255, 0);
    const alpha = opaque.grey.map((value) => (value === 0 ? 255 : 0));
    const drawing = { ...opaque, grey: new Uint8Array(64 * 64), alpha };
    expect(preparePicture(drawing, 28)).toEqual(preparePicture(opaque, 28));
  });

  test('an image of the data set is taken as it is', () => {
    const grey = draw(28, 28, 0, 200).grey;
    expect(preparePicture({ width: 28, height: 28, grey }, 28)).toEqual(grey);
  });

  test('a picture of the data set that fills its frame is taken as it is', () => {
    const { grey } = draw(28, 28, 0, 200);
    grey.fill(20, 0, 28 * 27);
    expect(preparePicture({ width: 28, height: 28, grey }, 28)).toEqual(grey);
    // Without black at its border it is a picture on grey.
    const onGrey = draw(28, 28, 20, 200);
    expect(Math.min(...preparePicture(onGrey, 28))).toBe(0);
  });

  test('a picture that shows nothing is refused', () => {
    expect(() => preparePicture(draw(50, 50, 128, 128), 28)).toThrow(/shows nothing/);
  });

  test('a single pixel and a long line are still pictures', () => {
    const dot = draw(100, 100, 0, 0);
    dot.grey[5050] = 255;
    expect(preparePicture(dot, 28).every((value) => value === 255)).toBe(true);
    const line = draw(1000, 10, 0, 0);
    line.grey.fill(255, 5000, 6000);
    expect(preparePicture(line, 28).filter((value) => value > 0)).toHaveLength(28);
  });

  test('area averaging keeps the mean', () => {
    const values = Float64Array.from({ length: 37 * 23 }, (_, at) => (at * 7919) % 256);
    const box = { left: 0, top: 0, width: 37, height: 23 };
    const mean = (list: Float64Array): number => list.reduce((a, b) => a + b) / list.length;
    expect(mean(resizeByArea(values, 37, box, 28, 17))).toBeCloseTo(mean(values), 9);
    expect(mean(resizeByArea(values, 37, box, 60, 50))).toBeCloseTo(mean(values), 9);
  });
});
