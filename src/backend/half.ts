// float16 in software: Node 20 has no Float16Array, and WGSL does not define the rounding of its conversion.
//
// Source     IEEE 754-2019, binary16: a sign, 5 bits of exponent, 10 of the fraction.

const word = new Float32Array(1);
const bitsOfWord = new Uint32Array(word.buffer);

/** The bits of a float32 rounded to float16, to nearest, ties to even. Values from 65520 on become infinity. */
export function halfBits(value: number): number {
  word[0] = value;
  const bits = bitsOfWord[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) return sign | shifted(magnitude - 0x38000000, 13);
  // Multiples of 2^-24. Values below 2^-26 round to 0.
  const exponent = magnitude >>> 23;
  if (exponent < 101) return sign;
  return sign | shifted((magnitude & 0x7fffff) | 0x800000, 126 - exponent);
}

/** value / 2^shift, rounded to the nearest integer, ties to even. */
function shifted(value: number, shift: number): number {
  return (value + (1 << (shift - 1)) - 1 + ((value >>> shift) & 1)) >>> shift;
}

/** 2^(exponent - 25) by exponent. Computing powers would take most of the time. */
const POWERS = Float64Array.from({ length: 31 }, (_, exponent) => 2 ** (exponent - 25));

/** The number that float16 bits represent. */
export function halfValue(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (0x400 + fraction) * POWERS[exponent]!;
}

/** A float32 rounded to float16, as a number. */
export function roundToHalf(value: number): number {
  return halfValue(halfBits(value));
}
