// matmul: the product of two batches of matrices, the plain twin of kernels/matmul.wgsl.
//
//   out[s, z, i, j] = Σ_p a[z, i, p] · b[z, p, j],   p in [s·chunk, min((s+1)·chunk, k))
//
// The definition, run as it stands, loads two numbers for every multiplication and waits for each addition
// before the next. Two ideas make it fast.
//
// Registers  The innermost loop computes a tile of 3 rows by 2 columns at once. Its six sums are local
//            variables, so they stay in registers, depend on one another in no way, and use every loaded
//            number two or three times: 5 loads for 6 products in place of 12. More sums would be better
//            still, but V8 computes all products of a step before it adds them; twice the tile plus the
//            loads must fit 15 registers, and a larger tile spills (4×4 measured 6.1 GFLOP/s, 3×2 7.6).
// Packing    Blocks of the rows of a and of the columns of b are first copied, as float64, to where each
//            row or column lies contiguous along p. Whatever the strides and types of the operands, the
//            innermost loop then sees one layout and one type, and walks memory that the caches hold: a
//            strip of the tile in L1, the block of a in L2. A copied number is used up to 128 times.
//
// A product longer than a block is deep, or an output larger than a block, is cut; the sums of one output
// block rest in `sums` between its blocks along p, and are rounded to the type of `out` once, at the end.
// Numerics: float64 sums, p ascending.

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

// Row r of a packed block begins at r · DEPTH. The last tile of a block may reach two rows or one column past
// its edge. What lies there is left over from earlier calls; it enters only sums that nobody stores.
const packedA = new Float64Array((ROWS + 4) * DEPTH);
const packedB = new Float64Array((COLUMNS + 4) * DEPTH);
const sums = new Float64Array((ROWS + 4) * COLUMNS);

export function matmul(buffers: { a: FloatArray; b: FloatArray; out: FloatArray }, params: MatmulParams): void {
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

// The two strips of b stay in L1 while all of the packed a passes by.
function addBlock(rows: number, columns: number, depth: number, stride: number): void {
  for (let column = 0; column < columns; column += 2) {
    for (let row = 0; row < rows; row += 3) {
      addTile(row * DEPTH, column * DEPTH, depth, row * stride + column, stride);
    }
  }
}

// The masks change no value: they tell V8 how large each index can become. All of them lie inside the packed
// arrays, so it leaves out the checks for overflow and bounds (a quarter of the time).
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
