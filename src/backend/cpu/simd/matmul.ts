import { address, fits, type SimdTwin } from './simdTwin.ts';

/** Columns of a task. Its strip of b, 256 KiB for a block of 256 steps, stays in L2. */
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
  const parts = Math.ceil((threads === 1 ? 1 : 2 * threads) / matrices);
  const [taskRows, taskColumns] = cut(m, n, parts, module.exports.panelRows());
  const fields = {
    a: address(a, params.aOffset),
    b: address(b, params.bOffset),
    out: address(out, params.outOffset),
    m,
    n,
    k,
    batch,
    chunk,
    aBatchStride: params.aBatchStride,
    aRowStride: params.aRowStride,
    aColumnStride: params.aColumnStride,
    bBatchStride: params.bBatchStride,
    bRowStride: params.bRowStride,
    bColumnStride: params.bColumnStride,
    taskRows,
    taskColumns,
    bias: address(bias, params.biasOffset),
    hasBias: Number(BIAS),
    relu: Number(RELU),
  };
  const tasks = matrices * Math.ceil(m / taskRows) * Math.ceil(n / taskColumns);
  module.run('matmul', fields, { tasks, work, scratch: module.exports.matmulScratch(taskColumns) });
  return true;
};

/**
 * Chooses rows and columns of about `parts` tasks with the least packing, because each cut packs the other side again.
 */
function cut(m: number, n: number, parts: number, tileRows: number): [rows: number, columns: number] {
  const share = (length: number, by: number, unit: number): number => Math.ceil(length / by / unit) * unit;
  let [best, least] = [1, Infinity];
  for (let down = 1; down <= parts; down++) {
    const packed = m * Math.ceil(parts / down) + n * down;
    if (packed < least) [best, least] = [down, packed];
  }
  return [
    Math.min(share(m, best, tileRows), MOST_ROWS),
    Math.min(share(n, Math.ceil(parts / best), 8), MOST_COLUMNS),
  ];
}
