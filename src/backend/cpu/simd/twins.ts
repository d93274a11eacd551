import type { KernelName } from '../../backend.ts';
import { attention, attentionGradient } from './attention.ts';
import { averagePool, averagePoolGradient } from './averagePool.ts';
import { batchNorm, batchNormGradient, batchNormStatistics, batchNormSums } from './batchNorm.ts';
import { conv2d, conv2dInputGradient, conv2dWeightGradient } from './convolution.ts';
import { copy } from './copy.ts';
import { crossEntropy, crossEntropyGradient, lossTotal } from './crossEntropy.ts';
import { accumulate, binary, cast, compare, fill, roundToHalf, unary, where } from './elementwise.ts';
import { layerNorm, layerNormGradient, layerNormSums } from './layerNorm.ts';
import { matmul } from './matmul.ts';
import { gather, indexOrder, scatterAdd, scatterAddOrdered, scatterFold } from './gather.ts';
import { maxPool, maxPoolGradient } from './maxPool.ts';
import { clip, norm } from './norm.ts';
import { adam, moments, rmsprop, sgd } from './optimizers.ts';
import { argreduce, reduce } from './reduce.ts';
import { dropout, random } from './random.ts';
import { gatherImages, reluGradientSums } from './rows.ts';
import { scan } from './scan.ts';
import type { SimdTwin } from './simdTwin.ts';
import { softmax } from './softmax.ts';

/** The kernels with a twin in WebAssembly. */
export const simdTwins: { readonly [K in KernelName]?: SimdTwin<K> } = {
  accumulate,
  adam,
  argreduce,
  attention,
  attentionGradient,
  averagePool,
  averagePoolGradient,
  batchNorm,
  batchNormGradient,
  batchNormStatistics,
  batchNormSums,
  binary,
  cast,
  clip,
  compare,
  conv2d,
  conv2dInputGradient,
  conv2dWeightGradient,
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
  matmul,
  maxPool,
  maxPoolGradient,
  moments,
  norm,
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
  unary,
  where,
};
