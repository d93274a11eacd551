import './methods.ts';

export type { BinaryCrossEntropyOptions } from './binaryCrossEntropyWithLogits.ts';
export { cat, stack } from './cat.ts';
export type { CrossEntropyOptions } from './crossEntropy.ts';
export type { Reduction } from './lossReduction.ts';
export type { NllLossOptions } from './nllLoss.ts';
export * from './table.ts';
export { where } from './where.ts';
