import type { Params, Variant } from '../../backend/backend.ts';
import { codes } from '../../backend/signatures.ts';
import { distinct, type Formula, times } from './cost.ts';

export const matmul: Formula<'matmul'> = (params, { BIAS = false, RELU = false }) => {
  const { m, n, k, batch, chunk } = params;
  const splits = Math.max(1, Math.ceil(k / chunk));
  const outputs = batch * m * n;
  return {
    shape: times(...(batch > 1 ? [batch] : []), m, n, k),
    flops: 2 * outputs * k + (BIAS ? outputs : 0) + (RELU ? outputs : 0),
    elements: {
      a: distinct([batch, m, k], [params.aBatchStride, params.aRowStride, params.aColumnStride]),
      b: distinct([batch, k, n], [params.bBatchStride, params.bRowStride, params.bColumnStride]),
      bias: BIAS ? n : 0,
      out: splits * outputs,
    },
  };
};

/** The scores that count: causal attention leaves out later keys. */
function scoresOf(
  { queries, keys }: { queries: number; keys: number },
  { FORM = codes.attention.PLAIN }: Variant<'attention'>,
): number {
  const square = Math.min(queries, keys);
  return FORM === codes.attention.CAUSAL
    ? (square * (square + 1)) / 2 + (queries - square) * keys
    : queries * keys;
}

export const attention: Formula<'attention'> = (params, variant) => {
  const { batch, inner, queries, keys, width, valueWidth } = params;
  const { qStrides, kStrides, vStrides, maskStrides } = params;
  const scores = batch * scoresOf(params, variant);
  const masked = Number((variant.FORM ?? 0) >= codes.attention.CHOSEN);
  const outer = batch / inner;
  return {
    shape: times(batch, queries, keys, width),
    flops: scores * (2 * width + 2 * valueWidth + 5) + batch * queries * (width + valueWidth),
    elements: {
      q: distinct([outer, inner, queries, width], qStrides),
      k: distinct([outer, inner, keys, width], kStrides),
      v: distinct([outer, inner, keys, valueWidth], vStrides),
      mask: masked * distinct([outer, inner, queries, keys], maskStrides),
      out: batch * queries * valueWidth,
      stats: 2 * batch * queries,
    },
  };
};

export const attentionGradient: Formula<'attentionGradient'> = (params, variant) => {
  const { queryBatch, keyBatch, inner, queries, keys, width, valueWidth } = params;
  const { qStrides, kStrides, vStrides, maskStrides, gradientStrides } = params;
  const batch = Math.max(queryBatch, keyBatch);
  const outer = batch / inner;
  const scores = scoresOf(params, variant);
  const masked = Number((variant.FORM ?? 0) >= codes.attention.CHOSEN);
  // Both kinds of workgroups compute scores and slopes.
  const shared = (queryBatch + keyBatch) * scores * (2 * width + 2 * valueWidth + 7);
  return {
    shape: times(batch, queries, keys, width),
    flops: shared + 2 * scores * (queryBatch * width + keyBatch * (width + valueWidth)),
    elements: {
      q: distinct([outer, inner, queries, width], qStrides),
      k: distinct([outer, inner, keys, width], kStrides),
      v: distinct([outer, inner, keys, valueWidth], vStrides),
      mask: masked * distinct([outer, inner, queries, keys], maskStrides),
      out: batch * queries * valueWidth,
      stats: 2 * batch * queries,
      gradient: distinct([outer, inner, queries, valueWidth], gradientStrides),
      gradients: queryBatch * queries * width + keyBatch * keys * (width + valueWidth),
    },
  };
};

type ConvolutionParams = Pick<
  Params<'conv2d'>,
  'batch' | 'groups' | 'channels' | 'outChannels' | 'height' | 'width' | 'outHeight' | 'outWidth'
>;

/** What the three kernels of a convolution have in common; windows count in full where they meet the padding. */
function convolution(
  { batch, groups, channels, outChannels, height, width, outHeight, outWidth }: ConvolutionParams,
  { KERNEL_HEIGHT = 3, KERNEL_WIDTH = 3 }: Variant<'conv2dInputGradient'>,
): { shape: string; flops: number; input: number; weight: number; output: number } {
  const taps = KERNEL_HEIGHT * KERNEL_WIDTH;
  const positions = outHeight * outWidth;
  const output = batch * groups * outChannels * positions;
  return {
    shape: `${times(batch, groups * channels, height, width)}→${groups * outChannels}, ${times(KERNEL_HEIGHT, KERNEL_WIDTH)}`,
    flops: 2 * output * channels * taps,
    // Windows that do not meet leave pixels out.
    input: batch * groups * channels * Math.min(height * width, positions * taps),
    weight: groups * outChannels * channels * taps,
    output,
  };
}

export const conv2d: Formula<'conv2d'> = (params, variant) => {
  const { shape, flops, input, weight, output } = convolution(params, variant);
  const { BIAS = false, RELU = false } = variant;
  return {
    shape,
    flops: flops + (BIAS ? output : 0) + (RELU ? output : 0),
    elements: { input, weight, bias: BIAS ? params.groups * params.outChannels : 0, out: output },
  };
};

export const conv2dInputGradient: Formula<'conv2dInputGradient'> = (params, variant) => {
  const { shape, flops, weight, output } = convolution(params, variant);
  const { batch, groups, channels, height, width } = params;
  return {
    shape,
    flops,
    elements: { gradient: output, weight, out: batch * groups * channels * height * width },
  };
};

export const conv2dWeightGradient: Formula<'conv2dWeightGradient'> = (params, variant) => {
  const { shape, flops, input, weight, output } = convolution(params, variant);
  const splits = Math.ceil((params.batch * params.outHeight) / params.chunk);
  return { shape, flops, elements: { gradient: output, input, out: splits * weight } };
};

// Kernels of one operation have one signature.
export {
  conv2d as conv2dFewTerms,
  conv2d as conv2dSubgroup,
  conv2d as conv2dWorkgroup,
  conv2dInputGradient as conv2dInputGradientSubgroup,
  conv2dInputGradient as conv2dInputGradientWorkgroup,
  conv2dWeightGradient as conv2dWeightGradientSubgroup,
  conv2dWeightGradient as conv2dWeightGradientWorkgroup,
  matmul as matmulSubgroup,
  matmul as matmulWorkgroup,
};
