import { codes } from '../../signatures.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

/** Runs that are shorter cost more to call for than to add up here. */
const SHORT = 16;

/** Sums of rows that follow each other, and of runs: the sums of columns and of channels. */
export const reduce: SimdTwin<'reduce'> = (module, { x, out }, params, { OPERATION = codes.reduce.SUM }) => {
  if (OPERATION !== codes.reduce.SUM || !fits(x, out)) return false;
  const { outputs, length, chunk, offset, outOffset, keptSize, reducedSize, keptStrides, reducedStrides } =
    params;
  const down = reducedSize >= length ? reducedStrides[1] : undefined;
  const across = keptSize >= outputs && keptStrides[1] === 1;
  if (across && down !== undefined && outputs >= 4) {
    for (let first = 0, at = outOffset; first < length; first += chunk, at += outputs) {
      const rows = Math.min(chunk, length - first);
      module.exports.sumRows(address(x, offset + first * down), rows, 4 * down, outputs, address(out, at));
    }
    return true;
  }
  if (reducedStrides[1] !== 1 || Math.min(reducedSize, chunk, length) < SHORT) return false;
  for (let first = 0, at = outOffset; first < length; first += chunk) {
    const last = Math.min(first + chunk, length);
    for (let output = 0; output < outputs; output++) {
      const start =
        offset + Math.floor(output / keptSize) * keptStrides[0] + (output % keptSize) * keptStrides[1];
      let total = 0;
      for (let position = first; position < last;) {
        const run = Math.floor(position / reducedSize);
        const within = position % reducedSize;
        const count = Math.min(reducedSize - within, last - position);
        total += module.exports.sumRun(address(x, start + run * reducedStrides[0] + within), count);
        position += count;
      }
      out[at++] = total;
    }
  }
  return true;
};
