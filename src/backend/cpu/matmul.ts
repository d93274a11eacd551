// matmul: the product of two batches of matrices, the plain twin of kernels/matmul.wgsl.
//
//   out[s, z, i, j] = Σ_p a[z, i, p] · b[z, p, j],   p in [s·chunk, min((s+1)·chunk, k))
//
// Numerics   float64 sums, p ascending, rounded once to the type of out: the same bits every time.
//
// The plain formula loads two numbers for each product, and each addition waits for the one before. Two ideas make it
// fast. The rates are those of the training step of a 784-256-128-10 network on one core.
//
// Registers  The innermost loop computes a tile of 3 rows by 2 columns. Its six sums are local variables: they stay in
//            registers, do not wait for each other, and 5 loads serve 6 products instead of 12. A larger tile needs
//            fewer loads, but V8 computes all products of a step before it adds them, so sums and products together
//            must fit into 15 registers: 3×2 6.5 GFLOP/s, 4×4 5.4, 4×8 4.3.
// Packing    Blocks of a and b are first copied as float64, so that each row of a and each column of b is contiguous
//            along p. For any strides and types of the operands, the innermost loop reads one layout and one type from
//            caches: the strips of a tile from L1, the block of a from L2. Each copied number is used up to 256 times
//            (a) or 128 times (b), which pays for the copy.
//
// Larger products are cut into blocks of rows, columns and depth. `sums` keeps the sums of one output block between the
// blocks along p.

export type FloatArray = Float32Array | Float64Array;

export interface MatmulParams {
  m: number;
  n: number;
  k: number;
  batch: number;
  chunk: number;
  aOffset: number;
  aBatchStride: number;
  aRowStride: number;
  aColumnStride: number;
  bOffset: number;
  bBatchStride: number;
  bRowStride: number;
  bColumnStride: number;
}

const ROWS = 128;
const COLUMNS = 256;
const DEPTH = 256;

// Row r of a packed block begins at r · DEPTH. The last tile of a block may extend two rows or one column past its
// edge. The values there are left over from earlier calls and enter only sums that are not stored. The other extra rows
// provide space for every index that the masks of addTile allow.
const packedA = new Float64Array((ROWS + 4) * DEPTH);
const packedB = new Float64Array((COLUMNS + 4) * DEPTH);
const sums = new Float64Array((ROWS + 4) * COLUMNS);

export function matmul(
  buffers: { a: FloatArray; b: FloatArray; out: FloatArray },
  params: MatmulParams,
): void {
  const { a, b, out } = buffers;
  const { m, n, k, batch, chunk } = params;
  const splits = k === 0 ? 1 : Math.ceil(k / chunk);
  for (let z = 0; z < splits * batch; z++) {
    const first = Math.floor(z / batch) * chunk;
    const last = Math.min(first + chunk, k);
    const aAt = params.aOffset + (z % batch) * params.aBatchStride;
    const bAt = params.bOffset + (z % batch) * params.bBatchStride;
    for (let i = 0; i < m; i += ROWS) {
      const rows = Math.min(ROWS, m - i);
      for (let j = 0; j < n; j += COLUMNS) {
        const columns = Math.min(COLUMNS, n - j);
        const stride = columns + (columns % 2);
        sums.fill(0, 0, (rows + 2) * stride);
        for (let p = first; p < last; p += DEPTH) {
          const depth = Math.min(DEPTH, last - p);
          const aBlock = aAt + i * params.aRowStride + p * params.aColumnStride;
          const bBlock = bAt + j * params.bColumnStride + p * params.bRowStride;
          pack(a, aBlock, params.aRowStride, params.aColumnStride, rows, depth, packedA);
          pack(b, bBlock, params.bColumnStride, params.bRowStride, columns, depth, packedB);
          addBlock(rows, columns, depth, stride);
        }
        unpack(out, (z * m + i) * n + j, n, rows, columns, stride);
      }
    }
  }
}

function pack(
  from: FloatArray,
  at: number,
  rowStride: number,
  depthStride: number,
  rows: number,
  depth: number,
  to: Float64Array,
): void {
  for (let row = 0; row < rows; row++) {
    const source = at + row * rowStride;
    const target = row * DEPTH;
    for (let p = 0; p < depth; p++) to[target + p] = from[source + p * depthStride]!;
  }
}

function unpack(out: FloatArray, at: number, n: number, rows: number, columns: number, stride: number): void {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      out[at + row * n + column] = sums[row * stride + column]!;
    }
  }
}

// The two strips of b stay in L1 while all of the packed a is read.
function addBlock(rows: number, columns: number, depth: number, stride: number): void {
  for (let column = 0; column < columns; column += 2) {
    for (let row = 0; row < rows; row += 3) {
      addTile(row * DEPTH, column * DEPTH, depth, row * stride + column, stride);
    }
  }
}

// The masks change no value. They tell V8 the largest index, so the loop needs no checks for integer overflow (5.7
// GFLOP/s without the masks).
function addTile(aStart: number, bStart: number, depth: number, at: number, stride: number): void {
  const aAt = aStart & (ROWS * DEPTH - 1);
  const bAt = bStart & (COLUMNS * DEPTH - 1);
  const end = depth & (2 * DEPTH - 1);
  const next = at + stride;
  const last = next + stride;
  let c00 = sums[at]!;
  let c01 = sums[at + 1]!;
  let c10 = sums[next]!;
  let c11 = sums[next + 1]!;
  let c20 = sums[last]!;
  let c21 = sums[last + 1]!;
  for (let p = 0; p < end; p++) {
    const a0 = packedA[aAt + p]!;
    const a1 = packedA[aAt + p + DEPTH]!;
    const a2 = packedA[aAt + p + 2 * DEPTH]!;
    const b0 = packedB[bAt + p]!;
    const b1 = packedB[bAt + p + DEPTH]!;
    c00 += a0 * b0;
    c01 += a0 * b1;
    c10 += a1 * b0;
    c11 += a1 * b1;
    c20 += a2 * b0;
    c21 += a2 * b1;
  }
  sums[at] = c00;
  sums[at + 1] = c01;
  sums[next] = c10;
  sums[next + 1] = c11;
  sums[last] = c20;
  sums[last + 1] = c21;
}
