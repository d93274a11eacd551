import type { KernelName } from '../backend.ts';
import { argreduce } from './argreduce.ts';
import { attention, attentionGradient } from './attention.ts';
import { augmentImages } from './augmentImages.ts';
import { averagePool, averagePoolGradient } from './averagePool.ts';
import {
  batchNorm,
  batchNormFinish,
  batchNormGradient,
  batchNormStatistics,
  batchNormSums,
} from './batchNorm.ts';
import { binary } from './binary.ts';
import { compare } from './compare.ts';
import { conv2d, conv2dInputGradient, conv2dWeightGradient } from './conv2d.ts';
import { copy } from './copy.ts';
import { crossEntropy, crossEntropyGradient, lossTotal } from './crossEntropy.ts';
import { dropout } from './dropout.ts';
import { gather, indexOrder, scatterAdd, scatterAddOrdered } from './gather.ts';
import { gatherImages } from './gatherImages.ts';
import { layerNorm, layerNormGradient, layerNormSums } from './layerNorm.ts';
import { unscale, updateScale } from './lossScale.ts';
import { matmulEpilogue } from './matmulEpilogue.ts';
import { maxPool, maxPoolGradient } from './maxPool.ts';
import { mergeRuns } from './mergeRuns.ts';
import { clip, norm } from './norm.ts';
import { adam, moments, rmsprop, sgd } from './optimizers.ts';
import { random } from './random.ts';
import { reduce } from './reduce.ts';
import { reluGradientSums } from './reluGradientSums.ts';
import { accumulate, cast, fill, roundToHalf, unpackBytes } from './simple.ts';
import { scan } from './scan.ts';
import { softmax } from './softmax.ts';
import { tally } from './tally.ts';
import { scatterFold } from './scatterFold.ts';
import type { Twin } from './twin.ts';
import { unary } from './unary.ts';
import { where } from './where.ts';

/** The CPU twin of every kernel. A kernel file without a twin is a compile error here. */
export const twins: { readonly [K in KernelName]: Twin<K> } = {
  accumulate,
  adam,
  argreduce,
  attention,
  attentionGradient,
  augmentImages,
  averagePool,
  averagePoolGradient,
  batchNorm,
  batchNormFinish,
  batchNormGradient,
  batchNormStatistics,
  batchNormSums,
  binary,
  cast,
  clip,
  compare,
  conv2d,
  conv2dFewTerms: conv2d,
  conv2dInputGradient,
  conv2dInputGradientSubgroup: conv2dInputGradient,
  conv2dInputGradientWorkgroup: conv2dInputGradient,
  conv2dSubgroup: conv2d,
  conv2dWorkgroup: conv2d,
  conv2dWeightGradient,
  conv2dWeightGradientSubgroup: conv2dWeightGradient,
  conv2dWeightGradientWorkgroup: conv2dWeightGradient,
  copy,
  crossEntropy,
  crossEntropyGradient,
  dropout,
  fill,
  gather,
  gatherImages,
  indexOrder,
  layerNorm,
  layerNormGradient,
  layerNormSums,
  lossTotal,
  matmul: matmulEpilogue,
  matmulSubgroup: matmulEpilogue,
  matmulWorkgroup: matmulEpilogue,
  mergeRuns,
  moments,
  norm,
  maxPool,
  maxPoolGradient,
  random,
  reduce,
  reluGradientSums,
  rmsprop,
  roundToHalf,
  scan,
  scatterAdd,
  scatterAddOrdered,
  scatterFold,
  sgd,
  softmax,
  tally,
  unary,
  unpackBytes,
  unscale,
  updateScale,
  where,
};
