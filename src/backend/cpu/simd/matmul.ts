import { address, fits, type SimdTwin } from './simdTwin.ts';

/** Columns of a task: its strip of b, 256 KiB a block of 256 steps, stays in L2. */
const MOST_COLUMNS = 256;
const MOST_ROWS = 4096;

export const matmul: SimdTwin<'matmul'> = (
  module,
  { a, b, bias, out },
  params,
  { BIAS = false, RELU = false },
) => {
  if (!fits(a, b, bias, out)) return false;
  const { m, n, k, batch, chunk } = params;
  const matrices = batch * (k === 0 ? 1 : Math.ceil(k / chunk));
  if (matrices * m * n === 0) return true;
  const work = m * n * k * batch;
  const threads = module.threadsFor(work);
  const [taskRows, taskColumns] = cut(m, n, Math.ceil((threads === 1 ? 1 : 2 * threads) / matrices));
  const fields = [
    ...[address(a, params.aOffset), address(b, params.bOffset), address(out, params.outOffset)],
    ...[m, n, k, batch, chunk],
    ...[params.aBatchStride, params.aRowStride, params.aColumnStride],
    ...[params.bBatchStride, params.bRowStride, params.bColumnStride],
    ...[taskRows, taskColumns],
  ];
  const tasks = matrices * Math.ceil(m / taskRows) * Math.ceil(n / taskColumns);
  module.run('matmul', fields, { tasks, work, scratch: module.exports.matmulScratch(taskColumns) });
  if (BIAS || RELU) {
    const [from, to] = [address(bias, params.biasOffset), address(out, params.outOffset)];
    module.exports.addEpilogue(to, from, batch * m, n, Number(BIAS), Number(RELU));
  }
  return true;
};

/** Rows and columns of tasks, `parts` of them or more; the longer side is cut, as each cut packs the other side again. */
function cut(m: number, n: number, parts: number): [rows: number, columns: number] {
  const share = (length: number, by: number, unit: number): number => Math.ceil(length / by / unit) * unit;
  const [rows, columns] = m > n ? [share(m, parts, 4), n] : [m, share(n, parts, 8)];
  return [Math.min(rows, MOST_ROWS), Math.min(columns, MOST_COLUMNS)];
}
