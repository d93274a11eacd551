// The exports of the module. src/backend/cpu/simd/jobs.ts declares them for TypeScript.

export { packFilters, weightScratch, windowScratch } from './convolution';
export { elementwiseScratch } from './elementwise';
export { matmulScratch } from './matmul';
export { panelRows } from './panels';
export { normaliseBytes } from './rows';
export { jobAddress, run, serve } from './threads';
export { threesWeightScratch } from './threes';
export { transformFilters, winogradScratch } from './winograd';
export { winogradWeightScratch } from './winogradWeight';
