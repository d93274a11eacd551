import type { TypedArray } from '../../dtypes.ts';
import type { Params } from '../../backend.ts';
import type { Vec4 } from '../../signatures.ts';
import { eachRow } from '../twin.ts';
import { inHeap } from './heap.ts';
import type { SimdModule } from './module.ts';
import { address, type SimdTwin } from './simdTwin.ts';

/** Longer rows are worth views of them, which the runtime copies. */
const LONG = 2048;
/** For fewer, packing does too little in each call. */
const FEW_ROWS = 32;
/** Fewer elements are not worth a job. */
const FEW = 32;
/** Elements of a task, and the cost of one in multiplications of a product. */
const TASK = 16_384;
const COST = 4;

export const copy: SimdTwin<'copy'> = (module, { x, out }, params) => {
  const { size, xOffset, outOffset, shape, xStrides, outStrides } = params;
  if (size < FEW || x.BYTES_PER_ELEMENT !== 4 || !inHeap(x) || !inHeap(out)) return false;
  const [, , rows, length] = shape;
  const inRows = outStrides[3] === 1;
  if (inRows && xStrides[3] === 1 && length >= LONG) {
    eachRow(shape, xStrides, outStrides, (_, from, to) =>
      out.set(x.subarray(xOffset + from, xOffset + from + length), outOffset + to),
    );
  } else if (inRows && xStrides[2] === 1 && xStrides[3] !== 1 && rows >= FEW_ROWS && length >= 4) {
    transpose(module, x, out, params);
  } else {
    walk(module, x, out, params);
  }
  return true;
};

function walk(module: SimdModule, x: TypedArray, out: TypedArray, params: Params<'copy'>): void {
  const { size, xOffset, outOffset, shape, xStrides, outStrides } = params;
  const rows = shape[0] * shape[1] * shape[2];
  const taskRows = Math.max(1, Math.floor(TASK / shape[3]));
  const fields = {
    x: address(x, xOffset),
    out: address(out, outOffset),
    rows,
    n1: shape[1],
    n2: shape[2],
    n3: shape[3],
    x0: 4 * xStrides[0],
    x1: 4 * xStrides[1],
    x2: 4 * xStrides[2],
    x3: 4 * xStrides[3],
    out0: 4 * outStrides[0],
    out1: 4 * outStrides[1],
    out2: 4 * outStrides[2],
    out3: 4 * outStrides[3],
    taskRows,
  };
  module.run('copy', fields, { tasks: Math.ceil(rows / taskRows), work: COST * size });
}

/** The columns of matrices become rows. */
function transpose(module: SimdModule, x: TypedArray, out: TypedArray, params: Params<'copy'>): void {
  const { xOffset, outOffset, shape, xStrides, outStrides } = params;
  const [, , rows, length] = shape;
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
}
