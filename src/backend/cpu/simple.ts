import * as half from '../half.ts';
import type { Twin } from './twin.ts';

export const fill: Twin<'fill'> = ({ out }, { size, value }) => {
  out.fill(value, 0, size);
};

export const accumulate: Twin<'accumulate'> = ({ x, out }, { size, xOffset, outOffset }) => {
  for (let i = 0; i < size; i++) out[outOffset + i] = out[outOffset + i]! + x[xOffset + i]!;
};

export const cast: Twin<'cast'> = (
  { x, out },
  { size, offset },
  { TO_BOOL = false, FLOAT_TO_INTEGER = false },
) => {
  for (let i = 0; i < size; i++) {
    const value = x[offset + i]!;
    out[i] = TO_BOOL ? Number(value !== 0) : FLOAT_TO_INTEGER ? saturated(value) : value;
  }
};

export const unpackBytes: Twin<'unpackBytes'> = ({ x, out }, { size, offset }, { TO_BOOL = false }) => {
  for (let i = 0; i < size; i++) out[i] = TO_BOOL ? Number(x[offset + i] !== 0) : x[offset + i]!;
};

export const roundToHalf: Twin<'roundToHalf'> = ({ x, out }, { size, offset }) => {
  for (let i = 0; i < size; i++) out[i] = half.roundToHalf(x[offset + i]!);
};

/** Truncates toward zero and saturates. NaN becomes 0. */
function saturated(value: number): number {
  return Math.trunc(Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, value))) || 0;
}
