// The exports of the module. src/backend/cpu/simd/jobs.ts declares them for TypeScript.

export { attentionScratch } from './attention';
export { packFilters, weightScratch, windowScratch } from './convolution';
export { elementwiseScratch } from './elementwise';
export { matmulScratch } from './matmul';
export { panelRows } from './panels';
export { reduceScratch, sumRun } from './reduce';
export { normaliseBytes } from './rows';
export { jobAddress, run, serve } from './threads';
export { strideTwoScratch } from './strideTwo';
export { strideTwoFinishScratch, strideTwoWeightStep, strideTwoWeightSums } from './strideTwoWeight';
export { threesWeightScratch } from './threes';
export { transformFilters, winogradScratch } from './winograd';
export { winogradFourFiltersScratch, winogradFourScratch } from './winogradFour';
export {
  winogradFourFinishScratch,
  winogradFourWeightScratch,
  winogradFourWeightStep,
  winogradFourWeightSums,
} from './winogradFourWeight';
export { winogradWeightScratch } from './winogradWeight';
