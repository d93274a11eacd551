import type { Vec4 } from '../../signatures.ts';
import { eachRow } from '../twin.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

/** Copying shorter rows costs less than making views of them. */
const SHORT = 32;
/** For fewer, each call of the module does too little. */
const FEW_ROWS = 32;

/** Copies whose rows are contiguous on both sides, or are the columns of a matrix: transposes. */
export const copy: SimdTwin<'copy'> = (module, { x, out }, params) => {
  if (!fits(x, out)) return false;
  const { xOffset, outOffset, shape, xStrides, outStrides } = params;
  const [, , rows, length] = shape;
  if (outStrides[3] !== 1) return false;
  if (xStrides[3] === 1) {
    if (length < SHORT) return false;
    eachRow(shape, xStrides, outStrides, (_, from, to) =>
      out.set(x.subarray(xOffset + from, xOffset + from + length), outOffset + to),
    );
    return true;
  }
  if (xStrides[2] !== 1 || rows < FEW_ROWS) return false;
  const matrices: Vec4 = [1, shape[0], shape[1], 1];
  const outer = ([first, second]: Vec4): Vec4 => [0, first, second, 0];
  eachRow(matrices, outer(xStrides), outer(outStrides), (_, from, to) => {
    for (let j = 0; j < length; j += 4) {
      const lane = (l: number): number =>
        address(x, xOffset + from + Math.min(j + l, length - 1) * xStrides[3]);
      const target = address(out, outOffset + to + j);
      if (j + 4 <= length) {
        module.exports.packLanes(lane(0), lane(1), lane(2), lane(3), 4, rows, target, 4 * outStrides[2]);
        continue;
      }
      for (let i = 0; i < rows; i++) {
        for (let l = j; l < length; l++) {
          out[outOffset + to + i * outStrides[2] + l] = x[xOffset + from + i + l * xStrides[3]]!;
        }
      }
    }
  });
  return true;
};
