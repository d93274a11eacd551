import './methods.ts';

export { cat, stack } from './cat.ts';
export { crossEntropy, type Reduction } from './crossEntropy.ts';
export { linear } from './linear.ts';
export { mseLoss } from './mseLoss.ts';
export * from './table.ts';
export { where } from './where.ts';
