import { readFileSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import {
  corrupt,
  CORRUPTIONS,
  isGraded,
  SEVERITIES,
} from '../../../../src/pipeline/data/corruptions/index.ts';
import { cos, exp, log, normalQuantile, sin } from '../../../../src/pipeline/data/corruptions/mathematics.ts';
import { checksums, flat, picture, PIXELS } from './fixture.ts';

const SEVERITY_LIST = [1, 2, 3, 4, 5];

function one(corruption: string, severity: number, image: Uint8Array, index = 0, seed = 3): Uint8Array {
  return corrupt(image, { corruption, severity, seed, index });
}

function distance(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, byte, at) => sum + Math.abs(byte - b[at]!), 0) / PIXELS;
}

/** Mean and standard deviation over the pixels of many corrupted images. */
function moments(images: Uint8Array[]): { mean: number; deviation: number } {
  const all = images.flatMap((image) => [...image]);
  const mean = all.reduce((sum, byte) => sum + byte, 0) / all.length;
  const variance = all.reduce((sum, byte) => sum + (byte - mean) ** 2, 0) / all.length;
  return { mean, deviation: Math.sqrt(variance) };
}

function many(corruption: string, severity: number, image: Uint8Array, count = 40): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => one(corruption, severity, image, index));
}

test('every corruption at every severity gives the committed bytes', () => {
  const golden = JSON.parse(readFileSync(new URL('golden.json', import.meta.url), 'utf8')) as unknown;
  expect(checksums()).toEqual(golden);
});

describe.each(CORRUPTIONS)('%s', (corruption) => {
  test('is a pure function of seed, index, name and severity', () => {
    const image = picture(1);
    const before = image.slice();
    const forwards = SEVERITY_LIST.map((severity) => one(corruption, severity, image, 5));
    const others = [9, 2, 5].flatMap((index) => one(corruption, 3, picture(2), index));
    const backwards = [5, 4, 3, 2, 1].map((severity) => one(corruption, severity, image, 5)).reverse();
    expect(backwards).toEqual(forwards);
    expect(others).toHaveLength(3);
    expect(image).toEqual(before);
    expect(forwards.every((out) => out.length === PIXELS && out.buffer !== image.buffer)).toBe(true);
  });

  test('changes the image from severity 1 on', () => {
    const changed = [0, 1, 2, 3, 4, 5].filter(
      (index) => distance(one(corruption, 1, picture(index), index), picture(index)) > 0.05,
    );
    expect(changed.length).toBeGreaterThanOrEqual(corruption === 'spatter' ? 1 : 6);
  });

  test(isGraded(corruption) ? 'differs between severities' : 'is the same at each severity', () => {
    const forms = new Set(SEVERITY_LIST.map((severity) => one(corruption, severity, picture(0)).join()));
    expect(forms.size).toBe(isGraded(corruption) ? SEVERITIES : 1);
  });
});

test.each([
  'gaussian_noise',
  'shot_noise',
  'impulse_noise',
  'speckle_noise',
  'gaussian_blur',
  'defocus_blur',
  'contrast',
  'brightness',
  'quantize',
  'shear',
  'rotate',
  'scale',
  'translate',
])('%s goes further from the clean image with each severity', (corruption) => {
  const means = SEVERITY_LIST.map((severity) => {
    const images = Array.from({ length: 30 }, (_, index) => index);
    return images.reduce((sum, i) => sum + distance(one(corruption, severity, picture(i), i), picture(i)), 0);
  });
  expect(means).toEqual([...means].sort((a, b) => a - b));
});

test.each([
  'gaussian_noise',
  'shot_noise',
  'impulse_noise',
  'speckle_noise',
  'glass_blur',
  'motion_blur',
  'fog',
  'spatter',
  'dotted_line',
  'zigzag',
])('%s depends on seed and index', (corruption) => {
  const level = 4;
  const forms = [
    one(corruption, level, picture(0), 0, 0),
    one(corruption, level, picture(0), 1, 0),
    one(corruption, level, picture(0), 0, 1),
    one(corruption, level, picture(0), 0, 2 ** 32),
  ];
  expect(new Set(forms.map((form) => form.join())).size).toBe(4);
});

test('gaussian noise has mean 0 and the σ of its severity', () => {
  [0.08, 0.12].forEach((sigma, at) => {
    const { mean, deviation } = moments(many('gaussian_noise', at + 1, flat(128)));
    // 31,360 pixels: five standard errors. Rounding to bytes adds a variance of 1/12; 0.12 cuts off beyond 4.1 σ.
    expect(Math.abs(mean - 128)).toBeLessThan((5 * 255 * sigma) / Math.sqrt(31_360));
    expect(Math.abs(deviation / (255 * sigma) - 1)).toBeLessThan(5 / Math.sqrt(2 * 31_360) + 0.001);
  });
});

test('speckle noise has a σ proportional to the intensity, and leaves black alone', () => {
  const { deviation } = moments(many('speckle_noise', 1, flat(100)));
  expect(Math.abs(deviation / 15 - 1)).toBeLessThan(5 / Math.sqrt(2 * 31_360) + 0.001);
  expect(one('speckle_noise', 5, flat(0))).toEqual(flat(0));
});

test('shot noise is Poisson: mean x, variance x / c', () => {
  const { mean, deviation } = moments(many('shot_noise', 1, flat(102)));
  const expected = 255 * Math.sqrt(0.4 / 60);
  expect(Math.abs(mean - 102)).toBeLessThan((5 * expected) / Math.sqrt(31_360));
  expect(Math.abs(deviation / expected - 1)).toBeLessThan(0.025);
  expect(one('shot_noise', 5, flat(0))).toEqual(flat(0));
  const levels = new Set(many('shot_noise', 5, flat(128), 5).flatMap((image) => [...image]));
  expect([...levels].sort((a, b) => a - b)).toEqual([0, 85, 170, 255]);
});

test('impulse noise changes its share of the pixels, half to black and half to white', () => {
  [0.03, 0.06, 0.09, 0.17, 0.27].forEach((share, at) => {
    const bytes = many('impulse_noise', at + 1, flat(128)).flatMap((image) => [...image]);
    const error = 5 * Math.sqrt(share / 2 / bytes.length);
    for (const extreme of [0, 255]) {
      const found = bytes.filter((byte) => byte === extreme).length / bytes.length;
      expect(Math.abs(found - share / 2)).toBeLessThan(error);
    }
    expect(bytes.every((byte) => byte === 0 || byte === 128 || byte === 255)).toBe(true);
  });
});

test('translation moves a point by its severity, in all four directions', () => {
  const point = flat(0);
  point[14 * 28 + 14] = 255;
  for (const severity of SEVERITY_LIST) {
    const places = new Set(many('translate', severity, point).map((image) => image.indexOf(255)));
    const expected = [-severity, severity].flatMap((dy) =>
      [-severity, severity].map((dx) => (14 + dy) * 28 + 14 + dx),
    );
    expect([...places].sort((a, b) => a - b)).toEqual(expected.sort((a, b) => a - b));
  }
});

test('rotation and shear go either way about as often, and about the middle', () => {
  const bar = picture(0);
  for (const corruption of ['rotate', 'shear']) {
    const forms = many(corruption, 3, bar, 100).map((image) => image.join());
    expect(new Set(forms).size).toBe(2);
    const share = forms.filter((form) => form === forms[0]).length;
    expect(share).toBeGreaterThan(25);
    expect(share).toBeLessThan(75);
  }
  // Half a turn swaps the two images that a symmetric picture becomes.
  const middle = flat(0);
  for (const at of [13 * 28 + 13, 13 * 28 + 14, 14 * 28 + 13, 14 * 28 + 14]) middle[at] = 200;
  const turned = one('rotate', 5, middle);
  expect([...turned].reverse()).toEqual([...turned]);
});

test('blurs keep a flat image as it is, and motion blur the light of a point', () => {
  for (const corruption of ['gaussian_blur', 'glass_blur', 'defocus_blur', 'motion_blur', 'pixelate']) {
    for (const severity of SEVERITY_LIST) {
      const blurred = one(corruption, severity, flat(200));
      // Glass blur cuts off to whole numbers in between.
      expect(blurred.every((byte) => Math.abs(byte - 200) <= (corruption === 'glass_blur' ? 1 : 0))).toBe(
        true,
      );
    }
  }
});

test('scaling keeps the middle and shrinks to the factor', () => {
  const lit = (image: Uint8Array): number => image.filter((byte) => byte > 127).length;
  [0.9, 0.8, 0.7, 0.6, 0.5].forEach((factor, at) => {
    expect(Math.abs(Math.sqrt(lit(one('scale', at + 1, flat(255)))) - 28 * factor)).toBeLessThan(1.5);
  });
});

test('pixelating leaves as many different rows as the severity says', () => {
  const ramp = Uint8Array.from({ length: PIXELS }, (_, at) => 9 * Math.floor(at / 28));
  [16, 14, 11, 8, 7].forEach((side, at) => {
    expect(new Set(one('pixelate', at + 1, ramp)).size).toBe(side);
  });
});

test('intensities change by their formulas', () => {
  const at = (corruption: string, severity: number, byte: number): number =>
    one(corruption, severity, flat(byte))[0]!;
  expect([0, 100, 250].map((byte) => at('brightness', 2, byte))).toEqual([51, 151, 255]);
  expect([0, 100, 250].map((byte) => at('saturate', 1, byte))).toEqual([0, 30, 75]);
  expect([0, 100].map((byte) => at('saturate', 3, byte))).toEqual([0, 200]);
  expect([0, 127, 128, 255].map((byte) => at('quantize', 5, byte))).toEqual([0, 0, 255, 255]);
  expect(new Set(Array.from({ length: 256 }, (_, byte) => at('quantize', 4, byte))).size).toBe(4);
  expect(at('contrast', 1, 77)).toBe(77);
  expect(at('inverse', 1, 77)).toBe(178);
  const striped = one('stripe', 1, flat(55)).subarray(0, 28);
  expect([...striped]).toEqual(Array.from({ length: 28 }, (_, x) => (x < 7 || x >= 21 ? 200 : 55)));
});

test('flips and turns are their own kind of inverse', () => {
  const image = picture(3);
  const twice = (first: string, second: string): Uint8Array => one(second, 1, one(first, 1, image));
  expect(twice('flip_sides', 'flip_sides')).toEqual(image);
  expect(twice('flip_up_down', 'flip_up_down')).toEqual(image);
  expect(twice('turn_left', 'turn_right')).toEqual(image);
  expect(twice('turn_left', 'turn_left')).toEqual(twice('flip_sides', 'flip_up_down'));
  const corner = flat(0);
  corner[27] = 9;
  expect(one('turn_left', 1, corner)[0]).toBe(9);
  expect(one('flip_sides', 1, corner)[0]).toBe(9);
});

test('edges of a square are found where they are, and nothing on a flat image', () => {
  expect(one('canny_edges', 1, flat(200))).toEqual(flat(0));
  const square = flat(0);
  for (let y = 8; y < 20; y++) square.fill(255, y * 28 + 8, y * 28 + 20);
  const edges = one('canny_edges', 1, square);
  const row = [...edges.subarray(14 * 28, 15 * 28)].flatMap((byte, x) => (byte > 0 ? [x] : []));
  expect(row.every((x) => [7, 8, 19, 20].includes(x))).toBe(true);
  expect(row.some((x) => x < 14) && row.some((x) => x > 14)).toBe(true);
});

test.each([
  [{ corruption: 'gausian_noise' }, /no such corruption[^]*gaussian_noise/],
  [{ corruption: '__proto__' }, /no such corruption/],
  [{ severity: 0 }, /no such severity[^]*1 to 5/],
  [{ severity: 6 }, /no such severity/],
  [{ severity: 1.5 }, /no such severity/],
  [{ seed: -1 }, /no such seed/],
  [{ seed: 2 ** 53 }, /no such seed/],
  [{ index: 2 ** 32 }, /no such index/],
  [{ index: NaN }, /no such index/],
])('%j is refused', (change, message) => {
  const options = { corruption: 'inverse', severity: 1, seed: 0, index: 0, ...change };
  expect(() => corrupt(picture(0), options)).toThrow(message);
  expect(() =>
    corrupt(new Uint8Array(783), { corruption: 'inverse', severity: 1, seed: 0, index: 0 }),
  ).toThrow(/784/);
});

test('the functions agree with those of the engine', () => {
  for (let x = -3; x <= 3; x += 0.01) {
    expect(Math.abs(sin(x) - Math.sin(x))).toBeLessThan(1e-14);
    expect(Math.abs(cos(x) - Math.cos(x))).toBeLessThan(1e-14);
    expect(Math.abs(exp(20 * x) / Math.exp(20 * x) - 1)).toBeLessThan(8e-15 * (1 + Math.abs(20 * x)));
    expect(Math.abs(log(Math.exp(9 * x)) - 9 * x)).toBeLessThan(1e-14 * (1 + Math.abs(9 * x)));
  }
  // Tables of the normal distribution.
  const quantiles = [
    [0.5, 0],
    [0.9, 1.2815515655],
    [0.975, 1.9599639845],
    [0.999, 3.0902323062],
    [1e-5, -4.2648907939],
  ] as const;
  for (const [p, z] of quantiles) expect(Math.abs(normalQuantile(p) - z)).toBeLessThan(1e-6);
});
