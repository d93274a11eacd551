import { describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backend/backend.ts';
import { openCpu } from '../../src/backend/cpu/cpu.ts';
import {
  full,
  gelu,
  leakyRelu,
  open,
  setDefaultDevice,
  silu,
  softplus,
  type Tensor,
  tensor,
} from '../../src/index.ts';
import { enableRelaxedSimd } from '../relaxedSimd.ts';

enableRelaxedSimd();
const builds = [
  await openCpu({ relaxedSimd: false, threads: 1 }),
  await openCpu({ relaxedSimd: true, threads: 2 }),
] as const;
const reference = await open('cpu', { reference: true });

/** 1 - erf x for x of at least 2: the continued fraction, from its end. */
function erfTail(x: number): number {
  let fraction = x;
  for (let k = 80; k > 0; k--) fraction = x + k / 2 / fraction;
  return Math.exp(-x * x) / (fraction * Math.sqrt(Math.PI));
}

/** The series up to 2. */
function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 60; n++) sum += (term *= (-x * x) / n) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * sum;
}

function erf(x: number): number {
  return Math.abs(x) < 2 ? erfSeries(x) : Math.sign(x) * (1 - erfTail(Math.abs(x)));
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const cdf = (x: number): number =>
  (x < -2 * Math.SQRT2 ? erfTail(-x / Math.SQRT2) : 1 + erf(x / Math.SQRT2)) / 2;
const inner = (x: number): number => 2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3);

/** The function on tensors, in float64, and the distance in units in the last place, at x. */
type Row = [on: (x: Tensor) => Tensor, truth: (x: number) => number, units: (x: number) => number];
const functions: Readonly<Record<string, Row>> = {
  exp: [(x) => x.exp(), Math.exp, () => 2],
  log: [(x) => x.log(), Math.log, () => 2],
  expm1: [(x) => x.expm1(), Math.expm1, () => 2],
  log1p: [(x) => x.log1p(), Math.log1p, () => 3],
  'atan2 beside 1': [(x) => x.atan2(full([], 1)), Math.atan, () => 2],
  'atan2 of 1': [(x) => full([], 1).atan2(x), (x) => Math.atan2(1, x), () => 2],
  rsqrt: [(x) => x.rsqrt(), (x) => 1 / Math.sqrt(x), () => 1],
  reciprocal: [(x) => x.reciprocal(), (x) => 1 / x, () => 0],
  sin: [(x) => x.sin(), Math.sin, () => 2],
  cos: [(x) => x.cos(), Math.cos, () => 2],
  'to the power of 2.5': [(x) => x.pow(2.5), (x) => x ** 2.5, () => 1],
  'to the power of -3': [(x) => x.pow(-3), (x) => x ** -3, () => 1],
  'to a power of 2': [(x) => full(x.shape, 2).pow(x), (x) => 2 ** x, () => 1],
  tanh: [(x) => x.tanh(), Math.tanh, () => 2],
  sigmoid: [(x) => x.sigmoid(), sigmoid, () => 3],
  silu: [silu, (x) => x * sigmoid(x), () => 4],
  erf: [(x) => x.erf(), erf, () => 3],
  // The exponent x² / 2 is rounded, and that error grows with it. Before, 1 + erf x is a difference.
  gelu: [(x) => gelu(x), (x) => x * cdf(x), (x) => (Math.abs(x) < Math.SQRT2 ? 16 : 4 + 2 * x * x)],
  'gelu, with tanh': [
    (x) => gelu(x, 'tanh'),
    (x) => x * sigmoid(inner(x)),
    (x) => 4 + 3 * Math.abs(inner(x)),
  ],
  'softplus, steep': [
    (x) => softplus(x, { beta: 3 }),
    (x) => (3 * x > 20 ? x : Math.log1p(Math.exp(3 * x)) / 3),
    (x) => 4 + Math.abs(3 * x),
  ],
  softplus: [(x) => softplus(x), (x) => (x > 20 ? x : Math.log1p(Math.exp(x))), () => 4],
  'leaky relu': [(x) => leakyRelu(x, 0.25), (x) => (x < 0 ? x / 4 : x), () => 0],
  clamp: [(x) => x.clamp(-1.5, 2.5), (x) => Math.min(Math.max(x, -1.5), 2.5), () => 0],
  sign: [(x) => x.sign(), (x) => Math.sign(x) || 0, () => 0],
  floor: [(x) => x.floor(), Math.floor, () => 0],
};

/** All magnitudes, both signs; and the middle, closely. */
const values = new Float32Array(9000);
for (let at = 0; at < 1500; at++) values.set([10 ** (at / 20 - 37), -(10 ** (at / 20 - 37))], 2 * at);
for (let at = 3000; at < 9000; at++) values[at] = (at - 6000) / 200;

/** The distance from a float32 to the next of greater magnitude. */
function unit(value: number): number {
  return 2 ** (Math.floor(Math.log2(Math.abs(value))) - 23);
}

describe.each(Object.entries(functions))('%s in WebAssembly', (_, [on, truth, units]) => {
  const found = async (device: Backend, x: () => Tensor): Promise<Float32Array> => {
    setDefaultDevice(device);
    return (await on(x()).data()) as Float32Array;
  };

  test('is as exact as it is said to be', async () => {
    for (const device of builds) {
      const results = await found(device, () => tensor(values));
      const far = [...values].flatMap((x, at) => {
        const [result, expected] = [results[at]!, truth(x)];
        const rounded = Math.fround(expected);
        if (Object.is(result, rounded)) return [];
        // Below the smallest normal number results may be 0.
        const isNear = Math.abs(result - expected) <= Math.max((units(x) + 0.5) * unit(expected), 2 ** -126);
        return isNear || (!Number.isFinite(rounded) && Math.abs(result) >= 3.4e38)
          ? []
          : [[x, result, expected]];
      });
      expect(far.slice(0, 5)).toEqual([]);
    }
  });

  test('takes NaN, infinities and zeros as the reference does', async () => {
    const special = [NaN, Infinity, -Infinity, 0, -0, NaN, 1, -1, 2 ** -149, 3e38, -3e38];
    const expected = [...(await found(reference, () => tensor(special)))];
    for (const device of builds) {
      const results = [...(await found(device, () => tensor(special)))];
      results.forEach((result, at) => {
        if (Number.isFinite(expected[at]) && expected[at] !== 0) {
          expect(Math.abs(result - expected[at]!), String(special[at])).toBeLessThanOrEqual(
            1e-6 * Math.abs(expected[at]!),
          );
        } else expect(result, String(special[at])).toBe(expected[at]);
      });
    }
  });

  test('gives each element the same bits in rows of every length, at any place', async () => {
    const [device] = builds;
    const all = await found(device, () => tensor(values));
    for (let length = 1; length < 12; length++) {
      const start = 6100 + 3 * length;
      const part = await found(device, () => tensor(values).slice([start, start + length]));
      expect([...part]).toEqual([...all.subarray(start, start + length)]);
    }
  });

  test('gives the same bits for views: transposed, narrow, in steps, with an axis of one number', async () => {
    const [device] = builds;
    const inOrder = await found(device, () => tensor(values));
    const at = (row: number, column: number): number => inOrder[row * 90 + column]!;
    const view = (shape: (x: Tensor) => Tensor): Promise<Float32Array> =>
      found(device, () => shape(tensor(values).view([100, 90])));
    const columns = Array.from({ length: 9000 }, (_, index) => at(index % 100, Math.floor(index / 100)));
    expect([...(await view((x) => x.t()))]).toEqual(columns);
    const few = Array.from({ length: 36 }, (_, index) => at(index % 6, Math.floor(index / 6)));
    expect([...(await view((x) => x.slice([0, 6], [0, 6]).t()))]).toEqual(few);
    const narrow = Array.from({ length: 300 }, (_, index) => at(Math.floor(index / 3), index % 3));
    expect([...(await view((x) => x.slice(null, [0, 3])))]).toEqual(narrow);
    const steps = Array.from({ length: 3000 }, (_, index) => at(Math.floor(index / 30), 3 * (index % 30)));
    expect([...(await view((x) => x.slice(null, [0, 90, 3])))]).toEqual(steps);
    const wide = Array.from({ length: 700 }, (_, index) => at(Math.floor(index / 7), 5));
    expect([...(await view((x) => x.slice(null, [5, 6]).expand([100, 7])))]).toEqual(wide);
  });
});

test('angles of zeros, infinities, large and small numbers lie in their quadrant', async () => {
  const special = [NaN, Infinity, -Infinity, 0, -0, 1, -1, 3e38, -3e38, 1e-40, -1e-40, 0.4, -0.5];
  const heights = special.flatMap((height) => special.map(() => height));
  const widths = special.flatMap(() => special);
  for (const device of builds) {
    setDefaultDevice(device);
    const found = await tensor(heights).atan2(tensor(widths)).data();
    const far = heights.flatMap((height, at) => {
      const expected = Math.fround(Math.atan2(Math.fround(height), Math.fround(widths[at]!)));
      const result = Number(found[at]);
      const isNear = Object.is(result, expected) || Math.abs(result - expected) <= 2 * unit(expected);
      return isNear ? [] : [[height, widths[at], result, expected]];
    });
    expect(far).toEqual([]);
  }
});

describe('powers', () => {
  const special = [
    NaN,
    Infinity,
    -Infinity,
    0,
    -0,
    1,
    -1,
    2,
    -2,
    3,
    -3,
    0.5,
    -0.5,
    1e-40,
    -1e-40,
    3e38,
    -3e38,
  ];
  const bases = [...special, 16_777_215, -16_777_215].flatMap((base) => special.map(() => base));
  const exponents = [...special, 1, 1].flatMap(() => special);
  /** As in C. JavaScript's power of 1 is NaN for NaN, and for infinities. */
  const power = (base: number, exponent: number): number =>
    base === 1 || (base === -1 && Math.abs(exponent) === Infinity) ? 1 : base ** exponent;

  test('of special numbers are those of C', async () => {
    for (const device of builds) {
      setDefaultDevice(device);
      const found = await tensor(bases).pow(tensor(exponents)).data();
      const far = bases.flatMap((base, at) => {
        const expected = Math.fround(power(Math.fround(base), Math.fround(exponents[at]!)));
        const result = Number(found[at]);
        const isNear = Object.is(result, expected) || Math.abs(result - expected) <= unit(expected);
        return isNear ? [] : [[base, exponents[at], result, expected]];
      });
      expect(far).toEqual([]);
    }
  });

  test('a square is rounded once, whether one exponent is given or many', async () => {
    for (const device of builds) {
      setDefaultDevice(device);
      const squares = [...values].map((value) => Math.fround(value * value));
      expect([...(await tensor(values).pow(2).data())]).toEqual(squares);
      expect([
        ...(await tensor(values)
          .pow(full([values.length], 2))
          .data()),
      ]).toEqual(squares);
    }
  });
});
