// The exports of the module. src/backend/cpu/simd/jobs.ts declares them for TypeScript.

export { attentionScratch } from './attention';
export { packFilters, weightScratch, windowScratch } from './convolution';
export { elementwiseScratch } from './elementwise';
export { matmulScratch } from './matmul';
export { panelRows } from './panels';
export { reduceScratch, sumRun } from './reduce';
export { normaliseBytes } from './rows';
export { abandon, jobAddress, run, serve } from './threads';
export { threesWeightScratch } from './threes';
export { tiledBlock, tiledScratch } from './tiled';
export { tiledOperands, tiledSums } from './tiledWeight';
export { transformFilters, winogradScratch } from './winograd';
export { winogradWeightScratch } from './winogradWeight';
