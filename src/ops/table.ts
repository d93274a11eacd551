/** Every operation that is also a method. Its first argument is the tensor. Each is declared once, here. */
export { gelu, leakyRelu, relu, reluGradient, sigmoid, silu, softplus, tanh } from './activations.ts';
export { adaptiveAvgPool2d } from './adaptiveAvgPool2d.ts';
export { add, atan2, div, maximum, minimum, mul, pow, rsub, sub } from './arithmetic.ts';
export { at } from './at.ts';
export { avgPool2d } from './avgPool2d.ts';
export { batchNorm } from './batchNorm.ts';
export { bernoulli } from './bernoulli.ts';
export { binaryCrossEntropyWithLogits } from './binaryCrossEntropyWithLogits.ts';
export { eq, ge, gt, le, lt, ne } from './comparison.ts';
export { conv2d } from './conv2d.ts';
export { crossEntropy } from './crossEntropy.ts';
export { dropout } from './dropout.ts';
export { gather, indexSelect, scatterAdd } from './gather.ts';
export { layerNorm } from './layerNorm.ts';
export { linear } from './linear.ts';
export { matmul } from './matmul.ts';
export { maxPool2d } from './maxPool2d.ts';
export { mseLoss } from './mseLoss.ts';
export { nllLoss } from './nllLoss.ts';
export { pad } from './pad.ts';
export { amax, amin, argmax, argmin, logsumexp, mean, std, sum, variance as var } from './reductions.ts';
export { bmm } from './einsum.ts';
export { interpolate } from './interpolate.ts';
export { all, any, isfinite, isinf, isnan, logicalAnd, logicalNot, logicalOr, logicalXor } from './logic.ts';
export { maskedFill, tril, triu } from './masks.ts';
export { norm } from './norm.ts';
export { chunk, diagonal, oneHot, repeat, repeatInterleave, roll, split, tile, unbind } from './parts.ts';
export { ceil, floor, floorDivide, log2, remainder, round, trunc } from './rounding.ts';
export { cumprod, cumsum, prod } from './scan.ts';
export { indexPut, scatter, scatterReduce } from './scatter.ts';
export { slice } from './slice.ts';
export { logSoftmax, softmax } from './softmax.ts';
export { argsort, sort, topk } from './sort.ts';
export { to } from './to.ts';
export { unfold } from './unfold.ts';
export {
  abs,
  clamp,
  cos,
  erf,
  exp,
  expm1,
  log,
  log1p,
  neg,
  reciprocal,
  rsqrt,
  sign,
  sin,
  sqrt,
  square,
} from './unary.ts';
export {
  clone,
  contiguous,
  expand,
  flatten,
  flip,
  permute,
  reshape,
  squeeze,
  sumToSize,
  t,
  transpose,
  unsqueeze,
  view,
} from './views.ts';
