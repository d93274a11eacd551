import { address, fits, type SimdTwin } from './simdTwin.ts';

/** Elements of a task, and the cost of one in multiplications of a product. */
const TASK = 16_384;
const COST = 10;
const SCRATCH = 64;

export const dropout: SimdTwin<'dropout'> = (module, { x, out }, params) => {
  if (!fits(x, out)) return false;
  const { size, offset, seedLow, seedHigh, streamLow, streamHigh, threshold, scale } = params;
  const fields = {
    x: address(x, offset),
    out: address(out),
    size,
    taskSize: TASK,
    seedLow,
    seedHigh,
    streamLow,
    streamHigh,
    threshold,
    scale,
  };
  const plan = { tasks: Math.ceil(size / TASK), work: COST * size, scratch: SCRATCH };
  module.run('dropout', fields, plan);
  return true;
};
