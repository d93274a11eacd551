import { expect, test } from 'vitest';
import { halfBits, halfValue, roundToHalf } from '../../src/backend/half.ts';

const all = Array.from({ length: 2 ** 16 }, (_, bits) => bits);
const finite = all.filter((bits) => (bits & 0x7c00) !== 0x7c00);

test('every float16 is itself', () => {
  for (const bits of all) {
    const value = halfValue(bits);
    // NaN has many patterns, of which one is kept.
    const expected = Number.isNaN(value) ? (bits & 0x8000) | 0x7e00 : bits;
    if (!Number.isNaN(value) && halfBits(value) !== expected)
      expect([bits, halfBits(value)]).toEqual([bits, bits]);
    if (Number.isNaN(value)) expect(halfBits(value) & 0x7fff).toBe(0x7e00);
  }
});

test('values stand where IEEE 754 has them', () => {
  const known: [number, number][] = [
    [0x0000, 0],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x3c00, 1],
    [0x3c01, 1 + 2 ** -10],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
  ];
  for (const [bits, value] of known) expect([bits, halfValue(bits)]).toEqual([bits, value]);
  expect(Object.is(halfValue(0x8000), -0)).toBe(true);
  expect(halfValue(0x7c01)).toBeNaN();
});

test('between two neighbours the nearer one is taken, and from the middle the even one', () => {
  const positive = finite.filter((bits) => bits < 0x7bff);
  for (const bits of positive) {
    const [low, high] = [halfValue(bits), halfValue(bits + 1)];
    const middle = (low + high) / 2;
    const even = bits % 2 === 0 ? bits : bits + 1;
    const gap = high - low;
    const found = [middle, middle - gap / 1024, middle + gap / 1024].map(halfBits);
    const wanted = [even, bits, bits + 1];
    if (found.join() !== wanted.join()) expect([low, ...found]).toEqual([low, ...wanted]);
    const negative = halfBits(-middle);
    if (negative !== (even | 0x8000)) expect([-middle, negative]).toEqual([-middle, even | 0x8000]);
  }
});

test('what is out of range becomes zero or infinity', () => {
  expect([65519.996, 65520, 1e30, Infinity].map(roundToHalf)).toEqual([65504, Infinity, Infinity, Infinity]);
  expect([2 ** -25, 2 ** -25 + 2 ** -40, 2 ** -26, 1e-40].map(roundToHalf)).toEqual([0, 2 ** -24, 0, 0]);
  expect(roundToHalf(-1e30)).toBe(-Infinity);
  expect(Object.is(roundToHalf(-1e-30), -0)).toBe(true);
  expect(roundToHalf(NaN)).toBeNaN();
});
