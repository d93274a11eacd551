import './methods.ts';

export type { BinaryCrossEntropyOptions } from './binaryCrossEntropyWithLogits.ts';
export { cat, stack } from './cat.ts';
export type { Conv2dOptions } from './conv2d.ts';
export type { CrossEntropyOptions } from './crossEntropy.ts';
export { einsum } from './einsum.ts';
export type { InterpolateOptions } from './interpolate.ts';
export type { LinearOptions } from './linear.ts';
export type { Reduction } from './support/lossReduction.ts';
export type { NllLossOptions } from './nllLoss.ts';
export { type DiagonalOptions, meshgrid } from './parts.ts';
export type { Pair } from './support/pooling.ts';
export type { Dims } from './support/reduction.ts';
export type { Range } from './slice.ts';
export * from './table.ts';
export type { VarianceOptions } from './reductions.ts';
export { where } from './where.ts';
