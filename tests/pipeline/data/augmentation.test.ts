import { describe, expect, test } from 'vitest';
import type { AugmentationDraw } from '../../../src/pipeline/data/augmentation.ts';
import { open } from '../../../src/index.ts';
import { batchOf, EVERYTHING, imagesOf, noise, PIXELS, unnormalised } from './augmentationFixture.ts';

const cpu = await open('cpu');
const OFF = { flip: 0, shift: 0, erase: 0 };
const draw: AugmentationDraw = { ...EVERYTHING, seed: 2 ** 40 + 7, stream: 3 };

/** How each of `count` equal images comes out. */
async function changed(
  count: number,
  pixel: (y: number, x: number) => number,
  change: Partial<AugmentationDraw>,
): Promise<Uint8Array[]> {
  const rows = Array.from({ length: count }, (_, row) => row);
  return unnormalised(
    await batchOf(cpu, imagesOf(count, pixel), rows, { ...OFF, seed: 1, stream: 1, ...change }),
  );
}

/** The distance that the dot of an image lies from (14, 14), as (x, y). */
function shiftOf(image: Uint8Array): [number, number] {
  const at = image.indexOf(255);
  return [(at % 28) - 14, Math.floor(at / 28) - 14];
}
const dot = (y: number, x: number): number => (x === 14 && y === 14 ? 255 : 0);

interface Rectangle {
  width: number;
  height: number;
  /** Whether all of its pixels are black, and no others. */
  full: boolean;
}

/** What is black of a white image. */
function blackened(image: Uint8Array): Rectangle | undefined {
  const places = [...image.keys()].filter((at) => image[at] === 0);
  if (places.length === 0) return undefined;
  const xs = places.map((at) => at % 28);
  const ys = places.map((at) => Math.floor(at / 28));
  const [width, height] = [xs, ys].map((each) => Math.max(...each) - Math.min(...each) + 1);
  return { width: width!, height: height!, full: width! * height! === places.length };
}

describe('an augmented batch', () => {
  test('is the plain batch, bit for bit, when nothing is asked for', async () => {
    const rows = [4, 0, 7, 7];
    const plain = await batchOf(cpu, noise(8), rows);
    expect(await batchOf(cpu, noise(8), rows, { ...OFF, seed: 1, stream: 1 })).toEqual(plain);
    expect(await batchOf(cpu, noise(8), rows, draw)).not.toEqual(plain);
  });

  test('follows from seed, stream and row alone, not from the batch', async () => {
    const set = noise(60);
    const whole = await batchOf(cpu, set, [...Array(60).keys()], draw);
    const shuffled = [17, 3, 59, 0, 17];
    const part = await batchOf(cpu, set, shuffled, draw);
    for (const [place, row] of shuffled.entries()) {
      expect(part.subarray(place * PIXELS, (place + 1) * PIXELS)).toEqual(
        whole.subarray(row * PIXELS, (row + 1) * PIXELS),
      );
    }
    for (const other of [{ seed: 2 ** 40 + 8 }, { seed: 7 }, { stream: 4 }]) {
      expect(await batchOf(cpu, set, shuffled, { ...draw, ...other })).not.toEqual(part);
    }
  });

  test('is flipped as often as asked', async () => {
    const leftWhite = (_: number, x: number): number => (x < 5 ? 255 : 0);
    const flippedShare = async (flip: number): Promise<number> => {
      const images = await changed(2000, leftWhite, { flip });
      const mirrored = images.filter((image) => image[0] === 0);
      expect(mirrored.every((image) => image[27] === 255 && image[23] === 255 && image[22] === 0)).toBe(true);
      return mirrored.length / images.length;
    };
    expect(await flippedShare(0)).toBe(0);
    expect(await flippedShare(1)).toBe(1);
    // Three standard deviations.
    expect(Math.abs((await flippedShare(0.3)) - 0.3)).toBeLessThan(0.031);
  });

  test('is shifted evenly in every direction, black coming in', async () => {
    const shifts = (await changed(2500, dot, { shift: 2 })).map(shiftOf);
    const counts = new Map<string, number>();
    for (const shift of shifts) counts.set(shift.join(), (counts.get(shift.join()) ?? 0) + 1);
    expect(counts.size).toBe(25);
    // 100 of each are expected, with a standard deviation of 9.8.
    for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(40);
    const [image] = await changed(1, () => 255, { shift: 28 });
    expect(image!.includes(0)).toBe(true);
  });

  test('a flipped image is shifted to where its mirror image lies', async () => {
    const straight = (await changed(50, dot, { shift: 5 })).map(shiftOf);
    const mirrored = (await changed(50, dot, { shift: 5, flip: 1 })).map(shiftOf);
    // The mirror image of column 14 is column 13.
    expect(mirrored).toEqual(straight.map(([dx, dy]) => [-1 - dx, dy]));
  });

  test('loses a black rectangle, as often and as large as asked', async () => {
    const all = await changed(1000, () => 255, { erase: 0.4, eraseArea: [0.1, 0.3] });
    const erased = all.map(blackened).filter((each) => each !== undefined);
    expect(Math.abs(erased.length / 1000 - 0.4)).toBeLessThan(0.047);
    expect(erased.every(({ full }) => full)).toBe(true);
    const shares = erased.map(({ width, height }) => (width * height) / PIXELS);
    // A side is a whole number, so up to a row of the shorter side is missing from the area.
    expect(Math.min(...shares)).toBeGreaterThan(0.1 - 9 / PIXELS);
    expect(Math.max(...shares)).toBeLessThanOrEqual(0.3 + 1 / PIXELS);
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    expect(Math.abs(mean - 0.195)).toBeLessThan(0.01);
    const lying = erased.filter(({ width, height }) => width > height).length;
    const standing = erased.filter(({ width, height }) => width < height).length;
    expect(lying / (lying + standing)).toBeGreaterThan(0.4);
    expect(lying / (lying + standing)).toBeLessThan(0.6);
    for (const { width, height } of erased) {
      expect(Math.max(width, height) / Math.min(width, height)).toBeLessThan(3.5);
    }
  });

  test('is black all over where the whole area is erased, and has one black pixel at least', async () => {
    const [none] = await changed(1, () => 255, { erase: 1, eraseArea: [1, 1] });
    expect(none!.every((byte) => byte === 0)).toBe(true);
    const specks = await changed(20, () => 255, { erase: 1, eraseArea: [0, 0] });
    expect(specks.map((image) => image.filter((byte) => byte === 0).length)).toEqual(Array(20).fill(1));
  });

  test.each([
    [{ flip: 1.5 }, /no such flip[^]*probability from 0 to 1[^]*got {4}1\.5/],
    [{ flip: NaN }, /no such flip/],
    [{ shift: 0.5 }, /no such shift[^]*whole number of pixels/],
    [{ erase: -1 }, /no such erase/],
    [{ eraseArea: [0.5, 0.2] as const }, /no such eraseArea[^]*least ≤ most/],
    [{ seed: -1 }, /no such seed/],
    [{ stream: 2 ** 32 }, /no such stream/],
  ])('refuses %o', async (wrong, message) => {
    await expect(batchOf(cpu, noise(1), [0], { ...draw, ...wrong })).rejects.toThrow(message);
  });
});
