import { address, fits, type SimdTwin } from './simdTwin.ts';

/** Elements of a task, its fewest columns, and the cost of an element in multiplications of a product. */
const TASK = 16_384;
const FEWEST = 256;
const COST = 8;

export const scan: SimdTwin<'scan'> = (module, { a, x, out }, params, variant) => {
  const { SCALED = false, SHIFTED = true, REVERSE = false } = variant;
  if (!fits(a, x, out)) return false;
  const { rows: columns, length, inner, aOffset, xOffset, initial } = params;
  const taskColumns = Math.min(columns, Math.max(Math.ceil(TASK / length), inner === 1 ? 1 : FEWEST));
  const fields = {
    a: address(a, aOffset),
    x: address(x, xOffset),
    out: address(out),
    columns,
    taskColumns,
    length,
    inner,
    scaled: Number(SCALED),
    shifted: Number(SHIFTED),
    reverse: Number(REVERSE),
    initial,
  };
  const plan = { tasks: Math.ceil(columns / taskColumns), work: COST * columns * length };
  module.run('scan', fields, { ...plan, scratch: inner === 1 ? 0 : 8 * taskColumns });
  return true;
};
