import { describe, expect, it } from 'vitest';
import { CORRUPTIONS, corrupt, isGraded } from '../../../../src/pipeline/data/corruptions/index.ts';
import { cos, exp, log, normalQuantile, sin } from '../../../../src/pipeline/data/corruptions/mathematics.ts';
import { RandomWords } from '../../../../src/pipeline/data/corruptions/random.ts';
import { philox4x32 } from '../../../../src/backend/philox.ts';
import { picture, PIXELS } from './fixture.ts';

const range = (from: number, to: number, count = 401): number[] =>
  Array.from({ length: count }, (_, at) => from + ((to - from) * at) / (count - 1));

const relative = (found: number, expected: number): number =>
  Math.abs(found - expected) / Math.abs(expected || 1);

describe('functions with the same bits everywhere', () => {
  it('are those of mathematics', () => {
    for (const x of range(-60, 60))
      expect(relative(exp(x), Math.exp(x))).toBeLessThan(8e-15 * (1 + Math.abs(x)));
    expect([exp(0), log(1), sin(0), cos(0)]).toEqual([1, 0, 0, 1]);
    for (const x of [...range(1e-9, 3), 0.75, 1.5, 0.5, 2, 1e-300, 1e300]) {
      expect(Math.abs(log(x) - Math.log(x))).toBeLessThanOrEqual(2e-15 * Math.max(1, Math.abs(Math.log(x))));
    }
    for (const x of range(-4, 4)) {
      expect(Math.abs(sin(x) - Math.sin(x))).toBeLessThan(1e-14);
      expect(Math.abs(cos(x) - Math.cos(x))).toBeLessThan(1e-14);
    }
  });

  it.each([
    // R: qnorm(p)
    [0.5, 0],
    [0.075, -1.4395314709384563],
    [0.925, 1.4395314709384563],
    [0.07, -1.4757910281791706],
    [0.975, 1.959963984540054],
    [1e-6, -4.753424308822899],
    [1e-10, -6.361340902404056],
    [1e-12, -7.034483825301132],
    [1e-20, -9.262340089798408],
    [1e-100, -21.27345350996106],
  ])('the quantile of %d is %d', (p, expected) => {
    expect(Math.abs(normalQuantile(p) - expected)).toBeLessThanOrEqual(
      3e-7 * Math.max(1, Math.abs(expected)),
    );
  });
});

describe('random numbers of an image', () => {
  it('are the words of Philox with both halves of the seed', () => {
    const seed = 5 * 2 ** 32 + 7;
    const words = new RandomWords(seed, 2 ** 32 - 1, 9);
    const expected = [0, 1].flatMap((block) => [...philox4x32([block, 2 ** 32 - 1, 9, 0x63727074], [7, 5])]);
    expect(Array.from({ length: 8 }, () => words.next())).toEqual(expected);
    const [first] = expected;
    expect([...new RandomWords(seed, 2 ** 32 - 1, 9).halves(3)]).toEqual([
      first! & 0xffff,
      first! >>> 16,
      expected[1]! & 0xffff,
    ]);
  });

  it('differ with the upper half of the seed in every corruption that draws any', () => {
    const image = picture(3);
    const fixed = [
      'gaussian_blur',
      'defocus_blur',
      'contrast',
      'brightness',
      'saturate',
      'pixelate',
      'quantize',
      'scale',
    ];
    const drawing = CORRUPTIONS.filter((name) => isGraded(name) && !fixed.includes(name));
    for (const corruption of drawing) {
      const seeds = [0, 1, 2, 3, 4, 5].map((high) => high * 2 ** 32);
      const results = seeds.map((seed) =>
        Buffer.from(corrupt(image, { corruption, severity: 3, seed, index: 0 })).toString('hex'),
      );
      expect(new Set(results).size, corruption).toBeGreaterThan(1);
    }
  });
});

it('only the names of the list have severities', () => {
  expect(['fog', 'zigzag', 'toString', '__proto__', ''].map(isGraded)).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

it('takes the limits of its arguments, and nothing beyond', () => {
  const image = picture(1);
  const least = { corruption: 'fog', severity: 1, seed: 0, index: 0 };
  for (const change of [{ severity: 5 }, { seed: Number.MAX_SAFE_INTEGER }, { index: 2 ** 32 - 1 }]) {
    expect(corrupt(image, { ...least, ...change })).toHaveLength(PIXELS);
  }
  const wrong = [
    { severity: 0 },
    { severity: 6 },
    { severity: 1.5 },
    { seed: -1 },
    { seed: 2 ** 53 },
    { index: -1 },
    { index: 2 ** 32 },
  ];
  for (const change of [...wrong, { corruption: 'toString' }]) {
    expect(() => corrupt(image, { ...least, ...change }), JSON.stringify(change)).toThrow('corrupt: no such');
  }
  expect(() => corrupt(image.subarray(1), least)).toThrow('no such image');
});

it('fog over black is black, and as bright as the brightest pixel at most', () => {
  expect(corrupt(new Uint8Array(PIXELS), { corruption: 'fog', severity: 3, seed: 0, index: 0 })).toEqual(
    new Uint8Array(PIXELS),
  );
  const grey = new Uint8Array(PIXELS).fill(100);
  const foggy = corrupt(grey, { corruption: 'fog', severity: 5, seed: 0, index: 0 });
  expect(Math.max(...foggy)).toBeLessThanOrEqual(100);
  expect(Math.min(...foggy)).toBeGreaterThan(0);
});
