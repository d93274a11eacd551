import { address, fits, floatBits, type SimdTwin } from './simdTwin.ts';

/** Elements of a task, and how many multiplications of a product one costs. */
const TASK = 16_384;
const COST = 10;
const SCRATCH = 64;

export const dropout: SimdTwin<'dropout'> = (module, { x, out }, params) => {
  if (!fits(x, out)) return false;
  const { size, offset, seedLow, seedHigh, streamLow, streamHigh, threshold, scale } = params;
  module.run(
    'dropout',
    [
      ...[address(x, offset), address(out), size, TASK],
      ...[seedLow, seedHigh, streamLow, streamHigh, threshold, ...floatBits([scale])],
    ],
    { tasks: Math.ceil(size / TASK), work: COST * size, scratch: SCRATCH },
  );
  return true;
};
