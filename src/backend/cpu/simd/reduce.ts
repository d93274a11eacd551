import { codes } from '../../signatures.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

/** For shorter runs, calling WebAssembly costs more than summing here. */
const SHORT = 16;
/** Elements of a task. */
const TASK = 16_384;

/** Sums of adjacent rows and of runs: the sums of columns and of channels. */
export const reduce: SimdTwin<'reduce'> = (module, { x, out }, params, { OPERATION = codes.reduce.SUM }) => {
  if (OPERATION !== codes.reduce.SUM || !fits(x, out)) return false;
  const { outputs, length, chunk, keptSize, reducedSize, keptStrides, reducedStrides } = params;
  const rows = reducedSize >= length && keptSize >= outputs && keptStrides[1] === 1 && outputs >= 4;
  const runs = reducedStrides[1] === 1 && Math.min(reducedSize, chunk, length) >= SHORT;
  if (!rows && !runs) return false;
  // Rows are cut at the ends of cache lines.
  const unit = rows ? 16 : 1;
  const taskOutputs = Math.max(1, Math.floor(TASK / Math.min(chunk, length) / unit)) * unit;
  const fields = {
    x: address(x, params.offset),
    out: address(out, params.outOffset),
    outputs,
    length,
    chunk,
    keptSize,
    reducedSize,
    keptOuter: keptStrides[0],
    keptInner: keptStrides[1],
    reducedOuter: reducedStrides[0],
    reducedInner: reducedStrides[1],
    taskOutputs,
  };
  const tasks = Math.ceil(length / chunk) * Math.ceil(outputs / taskOutputs);
  module.run(rows ? 'rowSums' : 'runSums', fields, { tasks, work: outputs * length });
  return true;
};
