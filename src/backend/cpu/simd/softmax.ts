import type { TypedArray } from '../../dtypes.ts';
import type { Fields } from './jobs.ts';
import type { Plan, SimdModule } from './module.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';

/** Up to this length, rows share vectors with others. */
const NARROW = 32;
/** Elements of a task, and the cost of one exponential in multiplications of a product. */
const TASK = 8192;
const COST = 12;

export const softmax: SimdTwin<'softmax'> = (module, { x, out }, params, { LOGARITHM = false }) => {
  const { rows, length, inner, offset } = params;
  if (!fits(x, out)) return false;
  if (inner > 1 || length <= NARROW) {
    const taskRows = 4 * Math.ceil(TASK / length / 4);
    const plan = { tasks: Math.ceil(rows / taskRows), work: COST * rows * length };
    const fields = { x: address(x, offset), out: address(out), rows, length, inner, taskRows };
    module.run('softmaxColumns', { ...fields, logarithm: Number(LOGARITHM) }, plan);
    return true;
  }
  const pairs = takePairs(module, rows);
  const job = { x: address(x, offset), totals: address(pairs), totalsRow: 8, rows, length };
  if (!LOGARITHM) {
    runRowTotals(module, job, out);
    return true;
  }
  runRowTotals(module, job);
  for (let row = 0; row < rows; row++) pairs[2 * row + 1] = Math.log(pairs[2 * row + 1]!);
  const { taskRows, plan } = cutRows(job);
  module.run('softmax', { ...job, taskRows, out: address(out) }, plan);
  return true;
};

/** Two numbers per row, in working memory. */
function takePairs(module: SimdModule, rows: number): Float32Array {
  return module.floats(module.take(8 * rows), 2 * rows);
}

/** The fields of a job over adjacent rows; `totalsRow` is in bytes. */
type Rows = Omit<Fields['rowTotals'], 'taskRows' | 'out'>;

function cutRows({ rows, length }: Rows): { taskRows: number; plan: Plan } {
  const taskRows = Math.max(1, Math.floor(TASK / length));
  return { taskRows, plan: { tasks: Math.ceil(rows / taskRows), work: COST * rows * length } };
}

/** The greatest element of each row, and the sum of exponentials, or the softmax: see kernels/wasm/softmax.ts. */
function runRowTotals(module: SimdModule, rows: Rows, out?: TypedArray): void {
  const { taskRows, plan } = cutRows(rows);
  module.run('rowTotals', { ...rows, taskRows, out: out ? address(out) : 0 }, plan);
}
