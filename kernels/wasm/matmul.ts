// Tasks of a product of two batches of matrices:
//
//   out[s, z, i, j] = Σ_p a[z, i, p] · b[z, p, j],   p in [s·chunk, min((s+1)·chunk, k))
//   out = relu(out + bias[j]), each if requested
//
// A task computes `taskRows` rows and `taskColumns` columns of one matrix of out. Blocks of DEPTH steps are packed: the
// strip of b once for all rows of the task, and a in pieces of BLOCK_ROWS rows. A panel of b (8 columns, 8 KiB) stays
// in L1 while the rows are processed.
//
// Numerics   float32 sums, p ascending, independent of the tasks: the same bits for any number of threads.

import { packStrided } from './pack';
import { multiplyTile, packRows, ROWS, TILE } from './panels';
import { addEpilogue } from './rows';
import { B_STEP, COLUMNS, FROM_SUMS, FROM_ZERO } from './tile';

/** Steps of a block. */
const DEPTH: i32 = 256;
const BLOCK_ROWS: i32 = ASC_FEATURE_RELAXED_SIMD ? 132 : 128;
/** Bytes of a packed block of rows, and of what `packRows` may write past its end. */
const BLOCK: i32 = 4 * DEPTH * BLOCK_ROWS + 64;

/** Addresses are in bytes, strides in elements. */
@unmanaged
export class MatmulJob {
  a: usize;
  b: usize;
  out: usize;
  m: i32;
  n: i32;
  k: i32;
  batch: i32;
  chunk: i32;
  aBatchStride: i32;
  aRowStride: i32;
  aColumnStride: i32;
  bBatchStride: i32;
  bRowStride: i32;
  bColumnStride: i32;
  taskRows: i32;
  taskColumns: i32;
  bias: usize;
  hasBias: i32;
  relu: i32;
}

/** Bytes of scratch memory: a tile, a block of a, and a strip of b. */
export function matmulScratch(taskColumns: i32): i32 {
  return TILE + BLOCK + 4 * DEPTH * ((taskColumns + 7) & ~7);
}

export function matmulTask(job: MatmulJob, task: i32, scratch: usize): void {
  const rowTasks = (job.m + job.taskRows - 1) / job.taskRows;
  const columnTasks = (job.n + job.taskColumns - 1) / job.taskColumns;
  const matrix = task / (rowTasks * columnTasks);
  const within = task % (rowTasks * columnTasks);
  const top = (within / columnTasks) * job.taskRows;
  const left = (within % columnTasks) * job.taskColumns;
  const bottom = min(top + job.taskRows, job.m);
  const width = min(job.taskColumns, job.n - left);
  const z = matrix % job.batch;
  const first = (matrix / job.batch) * job.chunk;
  const last = min(first + job.chunk, job.k);

  const aStep = (<usize>job.aColumnStride) << 2;
  const aRow = (<usize>job.aRowStride) << 2;
  const bStep = (<usize>job.bRowStride) << 2;
  const bColumn = (<usize>job.bColumnStride) << 2;
  const a = job.a + ((<usize>(z * job.aBatchStride)) << 2);
  const b = job.b + ((<usize>(z * job.bBatchStride)) << 2) + <usize>left * bColumn;
  const out = job.out + ((<usize>matrix * <usize>job.m * <usize>job.n + <usize>left) << 2);
  const outRow = (<usize>job.n) << 2;
  const toOut = out + <usize>top * outRow;
  const from = a + <usize>top * aRow + <usize>first * aStep;
  const strip = b + <usize>first * bStep;
  const rows = bottom - top;
  multiplyStrip(
    from,
    aRow,
    aStep,
    strip,
    bStep,
    bColumn,
    rows,
    width,
    last - first,
    toOut,
    outRow,
    FROM_ZERO,
    scratch,
  );
  if (job.hasBias || job.relu) {
    const bias = job.bias + ((<usize>left) << 2);
    addEpilogue(toOut, outRow, bias, bottom - top, width, job.hasBias, job.relu);
  }
}

/** Rows times a strip of columns. A strip has no more columns than the scratch memory was made for. */
export function multiplyStrip(
  a: usize,
  aRow: usize,
  aStep: usize,
  b: usize,
  bStep: usize,
  bColumn: usize,
  rows: i32,
  columns: i32,
  steps: i32,
  out: usize,
  outRow: usize,
  start: i32,
  scratch: usize,
): void {
  const packedA = scratch + TILE;
  const packedB = packedA + BLOCK;
  let p = 0;
  do {
    const depth = min(DEPTH, steps - p);
    packColumns(b + <usize>p * bStep, bColumn, bStep, columns, depth, packedB);
    for (let row = 0; row < rows; row += BLOCK_ROWS) {
      const count = min(BLOCK_ROWS, rows - row);
      const from = a + <usize>row * aRow + <usize>p * aStep;
      packRows(from, aRow, aStep, count, depth, packedA);
      const to = out + <usize>row * outRow;
      multiply(packedA, packedB, count, columns, depth, to, outRow, p > 0 ? FROM_SUMS : start, scratch);
    }
    p += depth;
  } while (p < steps);
}

function packColumns(from: usize, column: usize, step: usize, columns: i32, depth: i32, to: usize): void {
  for (let j = 0; j < columns; j += COLUMNS) {
    const left = from + <usize>j * column;
    const right = columns - j > 4 ? left + 4 * column : left;
    packStrided(left, column, columns - j, step, depth, to, B_STEP);
    packStrided(right, column, columns - j - 4, step, depth, to + 16, B_STEP);
    to += <usize>depth * B_STEP;
  }
}

/** Computes every tile of a block. Parts of tiles outside of out are computed in `spare`. */
function multiply(
  a: usize,
  b: usize,
  rows: i32,
  columns: i32,
  depth: i32,
  out: usize,
  stride: usize,
  start: i32,
  spare: usize,
): void {
  for (let j = 0; j < columns; j += COLUMNS) {
    const bPanel = b + <usize>(j * depth) * 4;
    for (let i = 0; i < rows; i += ROWS) {
      const aPanel = a + <usize>(i * depth) * 4;
      const at = out + <usize>i * stride + <usize>j * 4;
      if (rows - i >= ROWS && columns - j >= COLUMNS) {
        multiplyTile(aPanel, bPanel, depth, at, stride, start);
      } else {
        const height = min(ROWS, rows - i);
        const bytes = <usize>min(COLUMNS, columns - j) * 4;
        if (start == FROM_SUMS) copyRows(at, stride, spare, B_STEP, height, bytes);
        multiplyTile(aPanel, bPanel, depth, spare, B_STEP, start);
        copyRows(spare, B_STEP, at, stride, height, bytes);
      }
    }
  }
}

export function copyRows(
  from: usize,
  fromStride: usize,
  to: usize,
  toStride: usize,
  rows: i32,
  bytes: usize,
): void {
  for (let row = 0; row < rows; row++) {
    for (let at: usize = 0; at < bytes; at += 4) store<f32>(to + at, load<f32>(from + at));
    from += fromStride;
    to += toStride;
  }
}
