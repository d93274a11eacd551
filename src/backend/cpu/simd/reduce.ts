import { codes } from '../../signatures.ts';
import { inHeap } from './heap.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

/** Elements of a task. */
const TASK = 16_384;
/** Tasks are cut at the ends of cache lines. */
const UNIT = 16;
/** Outputs whose elements are adjacent: fewer are a small part of each row. */
const COLUMNS = 256;

/** Sums, products and extremes. */
export const reduce: SimdTwin<'reduce'> = (module, { x, out }, params, { OPERATION = codes.reduce.SUM }) => {
  if (!fits(x, out)) return false;
  const { outputs, length, chunk, keptSize, reducedSize, keptStrides, reducedStrides } = params;
  const isColumns = keptStrides[1] === 1;
  const least = isColumns ? COLUMNS : UNIT;
  const taskOutputs = Math.max(1, Math.floor(TASK / Math.min(chunk, length) / least)) * least;
  const taskParts = Math.max(
    1,
    Math.floor(TASK / (Math.min(chunk, length) * Math.min(taskOutputs, outputs))),
  );
  const fields = {
    operation: OPERATION,
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
    taskParts,
  };
  const parts = Math.ceil(length / chunk);
  const tasks = Math.ceil(parts / taskParts) * Math.ceil(outputs / taskOutputs);
  const scratch = isColumns ? module.exports.reduceScratch(Math.min(taskOutputs, outputs)) : 0;
  module.run('reduce', fields, { tasks, work: outputs * length, scratch });
  return true;
};

/** Positions of extremes. */
export const argreduce: SimdTwin<'argreduce'> = (
  module,
  { x, out },
  params,
  { OPERATION = codes.argreduce.MAX },
) => {
  if (!fits(x) || !inHeap(out)) return false;
  const { outputs, length, inner, offset } = params;
  const taskOutputs = Math.max(1, Math.floor(TASK / length / UNIT)) * UNIT;
  const fields = {
    x: address(x, offset),
    out: address(out),
    outputs,
    length,
    inner,
    taskOutputs,
    least: Number(OPERATION === codes.argreduce.MIN),
  };
  module.run('argreduce', fields, { tasks: Math.ceil(outputs / taskOutputs), work: outputs * length });
  return true;
};
