import type { Twin } from './twin.ts';

export const scan: Twin<'scan'> = (
  { a, x, out },
  { rows, length, inner, aOffset, xOffset, initial },
  { SCALED = false, SHIFTED = true, REVERSE = false },
) => {
  const whole = out instanceof Int32Array;
  const step = REVERSE ? -inner : inner;
  for (let row = 0; row < rows; row++) {
    let place =
      Math.floor(row / inner) * length * inner + (row % inner) + (REVERSE ? (length - 1) * inner : 0);
    let value = initial;
    for (let r = 0; r < length; r++, place += step) {
      if (SCALED) value = whole ? Math.imul(value, a[aOffset + place]!) : value * a[aOffset + place]!;
      if (SHIFTED) value += x[xOffset + place]!;
      if (whole) value |= 0;
      out[place] = value;
    }
  }
};
