// Written by `npm run wasm` from kernels/wasm/*.ts; `npm run typecheck` refuses a stale file.

/** The fields of each job that threads share. Addresses are in bytes; truth values are 0 or 1. */
export interface Fields {
  matmul: Record<'a' | 'b' | 'out' | 'm' | 'n' | 'k' | 'batch' | 'chunk' | 'aBatchStride' | 'aRowStride' | 'aColumnStride' | 'bBatchStride' | 'bRowStride' | 'bColumnStride' | 'taskRows' | 'taskColumns' | 'bias' | 'hasBias' | 'relu', number>;
  pad: Record<'from' | 'to' | 'height' | 'width' | 'top' | 'left' | 'paddedHeight' | 'stride' | 'run' | 'taskPlanes' | 'planes', number>;
  window: Record<'image' | 'filters' | 'offsets' | 'bias' | 'out' | 'groups' | 'rows' | 'depth' | 'height' | 'width' | 'imagePart' | 'imageLine' | 'outPart' | 'outRow' | 'outLine' | 'outStep' | 'taskRuns' | 'hasBias' | 'relu', number>;
  weight: Record<'gradient' | 'image' | 'offsets' | 'out' | 'lines' | 'chunk' | 'groups' | 'rows' | 'columns' | 'height' | 'width' | 'imagePart' | 'imageLine' | 'blockLines' | 'taskColumns', number>;
  elementwise: Record<'operation' | 'a' | 'b' | 'out' | 'rows' | 'length' | 'total' | 'aRow' | 'bRow' | 'aMoves' | 'bMoves' | 'taskRows', number>;
  pool: Record<'x' | 'out' | 'positions' | 'height' | 'width' | 'outHeight' | 'outWidth' | 'planes' | 'taskPlanes', number>;
  poolGradient: Record<'x' | 'out' | 'positions' | 'height' | 'width' | 'outHeight' | 'outWidth' | 'planes' | 'taskPlanes', number>;
  adam: Record<'gradients' | 'parameters' | 'mean' | 'variance' | 'size' | 'taskSize' | 'sign' | 'oneMinusBeta1' | 'beta2' | 'oneMinusBeta2' | 'eps' | 'weightDecay' | 'shrink' | 'stepSize' | 'rootCorrection2', number>;
  dropout: Record<'x' | 'out' | 'size' | 'taskSize' | 'seedLow' | 'seedHigh' | 'streamLow' | 'streamHigh' | 'threshold' | 'scale', number>;
  batchNormStatistics: Record<'x' | 'gradient' | 'out' | 'constants' | 'channels' | 'inner' | 'count' | 'chunk' | 'planes' | 'taskPlanes', number>;
  batchNormSums: Record<'x' | 'gradient' | 'out' | 'constants' | 'channels' | 'inner' | 'count' | 'chunk' | 'planes' | 'taskPlanes', number>;
  batchNorm: Record<'x' | 'gradient' | 'out' | 'constants' | 'channels' | 'inner' | 'count' | 'chunk' | 'planes' | 'taskPlanes', number>;
  batchNormGradient: Record<'x' | 'gradient' | 'out' | 'constants' | 'channels' | 'inner' | 'count' | 'chunk' | 'planes' | 'taskPlanes', number>;
  winograd: Record<'image' | 'filters' | 'bias' | 'out' | 'flag' | 'groups' | 'rows' | 'depth' | 'height' | 'width' | 'imagePart' | 'imagePlane' | 'imageLine' | 'taskRuns' | 'hasBias' | 'relu', number>;
  rowTotals: Record<'x' | 'totals' | 'totalsRow' | 'rows' | 'length' | 'taskRows', number>;
  softmax: Record<'x' | 'totals' | 'totalsRow' | 'rows' | 'length' | 'taskRows' | 'out' | 'linear', number>;
  winogradWeight: Record<'gradient' | 'image' | 'sums' | 'lines' | 'chunk' | 'taskLines' | 'cuts' | 'groups' | 'rows' | 'depth' | 'height' | 'width' | 'imagePlane' | 'imageLine' | 'steps', number>;
  runSums: Record<'x' | 'out' | 'outputs' | 'length' | 'chunk' | 'keptSize' | 'reducedSize' | 'keptOuter' | 'keptInner' | 'reducedOuter' | 'reducedInner' | 'taskOutputs', number>;
  rowSums: Record<'x' | 'out' | 'outputs' | 'length' | 'chunk' | 'keptSize' | 'reducedSize' | 'keptOuter' | 'keptInner' | 'reducedOuter' | 'reducedInner' | 'taskOutputs', number>;
  reluGradient: Record<'y' | 'gradient' | 'out' | 'sums' | 'rows' | 'columns' | 'chunk' | 'taskColumns', number>;
  threes: Record<'image' | 'filters' | 'bias' | 'out' | 'groups' | 'rows' | 'channels' | 'height' | 'width' | 'imagePlane' | 'imageLine' | 'imageStep' | 'taskRuns' | 'hasBias' | 'relu', number>;
  threesWeight: Record<'gradient' | 'image' | 'out' | 'lines' | 'chunk' | 'groups' | 'rows' | 'channels' | 'height' | 'width' | 'imagePlane' | 'imageLine' | 'imageStep', number>;
  poolHalvesGradient: Record<'x' | 'out' | 'positions' | 'height' | 'width' | 'outHeight' | 'outWidth' | 'planes' | 'taskPlanes', number>;
  winogradFinish: Record<'sums' | 'out' | 'flag' | 'cuts' | 'rows' | 'depth', number>;
}

/** The number of a job, and how its fields are written to memory, of which `w` and `f` are two views. */
export interface Job<F> {
  readonly kind: number;
  readonly write: (w: Int32Array, f: Float32Array, v: F) => void;
}

export const jobs: { readonly [Name in keyof Fields]: Job<Fields[Name]> } = {
  matmul: { kind: 0, write: (w, f, v) => { w[0] = v.a; w[1] = v.b; w[2] = v.out; w[3] = v.m; w[4] = v.n; w[5] = v.k; w[6] = v.batch; w[7] = v.chunk; w[8] = v.aBatchStride; w[9] = v.aRowStride; w[10] = v.aColumnStride; w[11] = v.bBatchStride; w[12] = v.bRowStride; w[13] = v.bColumnStride; w[14] = v.taskRows; w[15] = v.taskColumns; w[16] = v.bias; w[17] = v.hasBias; w[18] = v.relu; } },
  pad: { kind: 1, write: (w, f, v) => { w[0] = v.from; w[1] = v.to; w[2] = v.height; w[3] = v.width; w[4] = v.top; w[5] = v.left; w[6] = v.paddedHeight; w[7] = v.stride; w[8] = v.run; w[9] = v.taskPlanes; w[10] = v.planes; } },
  window: { kind: 2, write: (w, f, v) => { w[0] = v.image; w[1] = v.filters; w[2] = v.offsets; w[3] = v.bias; w[4] = v.out; w[5] = v.groups; w[6] = v.rows; w[7] = v.depth; w[8] = v.height; w[9] = v.width; w[10] = v.imagePart; w[11] = v.imageLine; w[12] = v.outPart; w[13] = v.outRow; w[14] = v.outLine; w[15] = v.outStep; w[16] = v.taskRuns; w[17] = v.hasBias; w[18] = v.relu; } },
  weight: { kind: 3, write: (w, f, v) => { w[0] = v.gradient; w[1] = v.image; w[2] = v.offsets; w[3] = v.out; w[4] = v.lines; w[5] = v.chunk; w[6] = v.groups; w[7] = v.rows; w[8] = v.columns; w[9] = v.height; w[10] = v.width; w[11] = v.imagePart; w[12] = v.imageLine; w[13] = v.blockLines; w[14] = v.taskColumns; } },
  elementwise: { kind: 4, write: (w, f, v) => { w[0] = v.operation; w[1] = v.a; w[2] = v.b; w[3] = v.out; w[4] = v.rows; w[5] = v.length; w[6] = v.total; w[7] = v.aRow; w[8] = v.bRow; w[9] = v.aMoves; w[10] = v.bMoves; w[11] = v.taskRows; } },
  pool: { kind: 5, write: (w, f, v) => { w[0] = v.x; w[1] = v.out; w[2] = v.positions; w[3] = v.height; w[4] = v.width; w[5] = v.outHeight; w[6] = v.outWidth; w[7] = v.planes; w[8] = v.taskPlanes; } },
  poolGradient: { kind: 6, write: (w, f, v) => { w[0] = v.x; w[1] = v.out; w[2] = v.positions; w[3] = v.height; w[4] = v.width; w[5] = v.outHeight; w[6] = v.outWidth; w[7] = v.planes; w[8] = v.taskPlanes; } },
  adam: { kind: 7, write: (w, f, v) => { w[0] = v.gradients; w[1] = v.parameters; w[2] = v.mean; w[3] = v.variance; w[4] = v.size; w[5] = v.taskSize; f[6] = v.sign; f[7] = v.oneMinusBeta1; f[8] = v.beta2; f[9] = v.oneMinusBeta2; f[10] = v.eps; f[11] = v.weightDecay; f[12] = v.shrink; f[13] = v.stepSize; f[14] = v.rootCorrection2; } },
  dropout: { kind: 8, write: (w, f, v) => { w[0] = v.x; w[1] = v.out; w[2] = v.size; w[3] = v.taskSize; w[4] = v.seedLow; w[5] = v.seedHigh; w[6] = v.streamLow; w[7] = v.streamHigh; w[8] = v.threshold; f[9] = v.scale; } },
  batchNormStatistics: { kind: 9, write: (w, f, v) => { w[0] = v.x; w[1] = v.gradient; w[2] = v.out; w[3] = v.constants; w[4] = v.channels; w[5] = v.inner; w[6] = v.count; w[7] = v.chunk; w[8] = v.planes; w[9] = v.taskPlanes; } },
  batchNormSums: { kind: 10, write: (w, f, v) => { w[0] = v.x; w[1] = v.gradient; w[2] = v.out; w[3] = v.constants; w[4] = v.channels; w[5] = v.inner; w[6] = v.count; w[7] = v.chunk; w[8] = v.planes; w[9] = v.taskPlanes; } },
  batchNorm: { kind: 11, write: (w, f, v) => { w[0] = v.x; w[1] = v.gradient; w[2] = v.out; w[3] = v.constants; w[4] = v.channels; w[5] = v.inner; w[6] = v.count; w[7] = v.chunk; w[8] = v.planes; w[9] = v.taskPlanes; } },
  batchNormGradient: { kind: 12, write: (w, f, v) => { w[0] = v.x; w[1] = v.gradient; w[2] = v.out; w[3] = v.constants; w[4] = v.channels; w[5] = v.inner; w[6] = v.count; w[7] = v.chunk; w[8] = v.planes; w[9] = v.taskPlanes; } },
  winograd: { kind: 13, write: (w, f, v) => { w[0] = v.image; w[1] = v.filters; w[2] = v.bias; w[3] = v.out; w[4] = v.flag; w[5] = v.groups; w[6] = v.rows; w[7] = v.depth; w[8] = v.height; w[9] = v.width; w[10] = v.imagePart; w[11] = v.imagePlane; w[12] = v.imageLine; w[13] = v.taskRuns; w[14] = v.hasBias; w[15] = v.relu; } },
  rowTotals: { kind: 14, write: (w, f, v) => { w[0] = v.x; w[1] = v.totals; w[2] = v.totalsRow; w[3] = v.rows; w[4] = v.length; w[5] = v.taskRows; } },
  softmax: { kind: 15, write: (w, f, v) => { w[0] = v.x; w[1] = v.totals; w[2] = v.totalsRow; w[3] = v.rows; w[4] = v.length; w[5] = v.taskRows; w[6] = v.out; w[7] = v.linear; } },
  winogradWeight: { kind: 16, write: (w, f, v) => { w[0] = v.gradient; w[1] = v.image; w[2] = v.sums; w[3] = v.lines; w[4] = v.chunk; w[5] = v.taskLines; w[6] = v.cuts; w[7] = v.groups; w[8] = v.rows; w[9] = v.depth; w[10] = v.height; w[11] = v.width; w[12] = v.imagePlane; w[13] = v.imageLine; w[14] = v.steps; } },
  runSums: { kind: 17, write: (w, f, v) => { w[0] = v.x; w[1] = v.out; w[2] = v.outputs; w[3] = v.length; w[4] = v.chunk; w[5] = v.keptSize; w[6] = v.reducedSize; w[7] = v.keptOuter; w[8] = v.keptInner; w[9] = v.reducedOuter; w[10] = v.reducedInner; w[11] = v.taskOutputs; } },
  rowSums: { kind: 18, write: (w, f, v) => { w[0] = v.x; w[1] = v.out; w[2] = v.outputs; w[3] = v.length; w[4] = v.chunk; w[5] = v.keptSize; w[6] = v.reducedSize; w[7] = v.keptOuter; w[8] = v.keptInner; w[9] = v.reducedOuter; w[10] = v.reducedInner; w[11] = v.taskOutputs; } },
  reluGradient: { kind: 19, write: (w, f, v) => { w[0] = v.y; w[1] = v.gradient; w[2] = v.out; w[3] = v.sums; w[4] = v.rows; w[5] = v.columns; w[6] = v.chunk; w[7] = v.taskColumns; } },
  threes: { kind: 20, write: (w, f, v) => { w[0] = v.image; w[1] = v.filters; w[2] = v.bias; w[3] = v.out; w[4] = v.groups; w[5] = v.rows; w[6] = v.channels; w[7] = v.height; w[8] = v.width; w[9] = v.imagePlane; w[10] = v.imageLine; w[11] = v.imageStep; w[12] = v.taskRuns; w[13] = v.hasBias; w[14] = v.relu; } },
  threesWeight: { kind: 21, write: (w, f, v) => { w[0] = v.gradient; w[1] = v.image; w[2] = v.out; w[3] = v.lines; w[4] = v.chunk; w[5] = v.groups; w[6] = v.rows; w[7] = v.channels; w[8] = v.height; w[9] = v.width; w[10] = v.imagePlane; w[11] = v.imageLine; w[12] = v.imageStep; } },
  poolHalvesGradient: { kind: 22, write: (w, f, v) => { w[0] = v.x; w[1] = v.out; w[2] = v.positions; w[3] = v.height; w[4] = v.width; w[5] = v.outHeight; w[6] = v.outWidth; w[7] = v.planes; w[8] = v.taskPlanes; } },
  winogradFinish: { kind: 23, write: (w, f, v) => { w[0] = v.sums; w[1] = v.out; w[2] = v.flag; w[3] = v.cuts; w[4] = v.rows; w[5] = v.depth; } },
};

/** The functions that the module exports. Numbers are 32-bit; addresses are in bytes. */
export interface Exports {
  packFilters(from: number, to: number, table: number, groups: number, groupStride: number, rows: number, rowStride: number, depth: number): void;
  weightScratch(rows: number, taskColumns: number, steps: number): number;
  windowScratch(rows: number): number;
  matmulScratch(taskColumns: number): number;
  packLanes(s0: number, s1: number, s2: number, s3: number, step: number, depth: number, to: number, toStep: number): void;
  normaliseBytes(bytes: number, count: number, center: number, scale: number, out: number): void;
  jobAddress(): number;
  run(kind: number, tasks: number, scratch: number, scratchSize: number, threads: number, wake: number): void;
  serve(thread: number): void;
  threesWeightScratch(rows: number, channels: number): number;
  transformFilters(from: number, to: number, groups: number, groupStride: number, rows: number, rowStride: number, depth: number, depthStride: number, flipped: number): void;
  winogradScratch(depth: number): number;
  winogradWeightScratch(rows: number, depth: number, steps: number): number;
}
