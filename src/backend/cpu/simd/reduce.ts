import { codes } from '../../signatures.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

/** Runs that are shorter cost more to call for than to add up here. */
const SHORT = 16;
/** Elements of a task. */
const TASK = 16_384;

/** Sums of rows that follow each other, and of runs: the sums of columns and of channels. */
export const reduce: SimdTwin<'reduce'> = (module, { x, out }, params, { OPERATION = codes.reduce.SUM }) => {
  if (OPERATION !== codes.reduce.SUM || !fits(x, out)) return false;
  const { outputs, length, chunk, keptSize, reducedSize, keptStrides, reducedStrides } = params;
  const rows = reducedSize >= length && keptSize >= outputs && keptStrides[1] === 1 && outputs >= 4;
  const runs = reducedStrides[1] === 1 && Math.min(reducedSize, chunk, length) >= SHORT;
  if (!rows && !runs) return false;
  // Rows are cut where lines of the cache end.
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
