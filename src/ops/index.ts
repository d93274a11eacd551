import './methods.ts';

export {
  type BinaryCrossEntropyOptions,
  binaryCrossEntropyWithLogits,
} from './binaryCrossEntropyWithLogits.ts';
export { cat, stack } from './cat.ts';
export { crossEntropy, type CrossEntropyOptions } from './crossEntropy.ts';
export { linear } from './linear.ts';
export { type Reduction } from './lossReduction.ts';
export { mseLoss } from './mseLoss.ts';
export { nllLoss, type NllLossOptions } from './nllLoss.ts';
export * from './table.ts';
export { where } from './where.ts';
