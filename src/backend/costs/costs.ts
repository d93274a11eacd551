import type { KernelName, Params } from '../backend.ts';
import { type Cost, distinct, type Formula, shapeText, times } from './cost.ts';
import * as norms from './norms.ts';
import * as pools from './pools.ts';
import * as products from './products.ts';

function twoOperands({ size, shape, aStrides, bStrides }: Params<'binary'>): Cost<'binary'> {
  return {
    shape: shapeText(shape),
    flops: size,
    elements: { a: distinct(shape, aStrides), b: distinct(shape, bStrides), out: size },
  };
}

/**
 * What a launch of each kernel computes and moves: the counts behind a profile's GFLOP/s and GB/s. A kernel or a binding
 * without an entry is a compile error here.
 */
export const costs: { readonly [K in KernelName]: Formula<K> } = {
  accumulate: ({ size }) => ({ shape: times(size), flops: size, elements: { x: size, out: 2 * size } }),
  adam: ({ size }, { GUARDED = false }) => ({
    shape: times(size),
    flops: 17 * size,
    elements: {
      gradients: size,
      parameters: 2 * size,
      mean: 2 * size,
      variance: 2 * size,
      counts: GUARDED ? 2 : 0,
    },
  }),
  argreduce: ({ outputs, length }) => ({
    shape: times(outputs, length),
    flops: outputs * length,
    elements: { x: outputs * length, out: outputs },
  }),
  augmentImages: ({ count, width, height }) => {
    const size = count * width * height;
    return {
      shape: times(count, height, width),
      flops: 2 * size,
      elements: { images: size, rows: count, labels: count, out: size, batchLabels: count },
    };
  },
  averagePool: pools.averagePool,
  averagePoolGradient: pools.averagePoolGradient,
  batchNorm: norms.batchNorm,
  batchNormFinish: norms.batchNormFinish,
  batchNormGradient: norms.batchNormGradient,
  batchNormStatistics: norms.batchNormStatistics,
  batchNormSums: norms.batchNormSums,
  binary: twoOperands,
  cast: ({ size }) => ({ shape: times(size), flops: 0, elements: { x: size, out: size } }),
  clip: ({ size }) => ({ shape: times(size), flops: size, elements: { norm: 1, gradients: 2 * size } }),
  compare: twoOperands,
  conv2d: products.conv2d,
  conv2dFewTerms: products.conv2d,
  conv2dInputGradient: products.conv2dInputGradient,
  conv2dInputGradientSubgroup: products.conv2dInputGradient,
  conv2dInputGradientWorkgroup: products.conv2dInputGradient,
  conv2dSubgroup: products.conv2d,
  conv2dWeightGradient: products.conv2dWeightGradient,
  conv2dWeightGradientSubgroup: products.conv2dWeightGradient,
  conv2dWeightGradientWorkgroup: products.conv2dWeightGradient,
  conv2dWorkgroup: products.conv2d,
  copy: ({ size, shape, xStrides }) => ({
    shape: shapeText(shape),
    flops: 0,
    elements: { x: distinct(shape, xStrides), out: size },
  }),
  crossEntropy: ({ rows, classes }, { WEIGHTED = false, SMOOTHED = false, TOTAL = false }) => ({
    shape: times(rows, classes),
    flops: rows * classes * (4 + 4 * Number(SMOOTHED)) + (5 + 2 * Number(TOTAL)) * rows,
    elements: {
      x: rows * classes,
      labels: rows,
      weight: WEIGHTED ? classes : 0,
      losses: TOTAL ? 2 : 2 * rows,
      rowwise: 3 * rows,
    },
  }),
  crossEntropyGradient: (
    { rows, classes, gradientStride },
    { WEIGHTED = false, SMOOTHED = false, MEAN = false },
  ) => {
    const size = rows * classes;
    return {
      shape: times(rows, classes),
      flops: size * (6 + Number(WEIGHTED) + 2 * Number(SMOOTHED)) + rows * Number(MEAN),
      elements: {
        x: size,
        labels: rows,
        weight: WEIGHTED ? classes : 0,
        rowwise: 3 * rows,
        gradient: gradientStride === 0 ? 1 : rows,
        divisor: Number(MEAN),
        out: size,
      },
    };
  },
  dropout: ({ size }) => ({ shape: times(size), flops: size, elements: { x: size, out: size } }),
  fill: ({ size }) => ({ shape: times(size), flops: 0, elements: { out: size } }),
  gather: ({ size, length, count, inner, outerStride, countStride, innerStride }) => {
    const outer = size / (count * inner);
    return {
      shape: `${times(outer, length, inner)}→${count}`,
      flops: 0,
      elements: {
        x: Math.min(size, outer * length * inner),
        indices: distinct([outer, count, inner], [outerStride, countStride, innerStride]),
        out: size,
      },
    };
  },
  gatherImages: ({ size, pixels }) => ({
    shape: times(size / pixels, pixels),
    flops: 2 * size,
    elements: {
      images: size,
      rows: size / pixels,
      labels: size / pixels,
      out: size,
      batchLabels: size / pixels,
    },
  }),
  layerNorm: norms.layerNorm,
  layerNormGradient: norms.layerNormGradient,
  layerNormSums: norms.layerNormSums,
  lossTotal: ({ rows }) => ({
    shape: times(rows),
    flops: 2 * rows,
    elements: { losses: 2 * rows, total: 2 },
  }),
  matmul: products.matmul,
  matmulSubgroup: products.matmul,
  matmulWorkgroup: products.matmul,
  maxPool: pools.maxPool,
  maxPoolGradient: pools.maxPoolGradient,
  norm: ({ size, chunk }, { TERMS = true }) => ({
    shape: times(size),
    flops: TERMS ? 2 * size : size,
    elements: { x: size, out: Math.ceil(size / chunk) },
  }),
  random: ({ size }) => ({ shape: times(size), flops: 2 * size, elements: { out: size } }),
  reduce: ({ outputs, length, chunk, keptSize, reducedSize, keptStrides, reducedStrides }) => ({
    shape: times(outputs, length),
    flops: outputs * length,
    elements: {
      x:
        distinct([outputs / keptSize, keptSize], keptStrides) *
        distinct([length / reducedSize, reducedSize], reducedStrides),
      out: outputs * Math.ceil(length / chunk),
    },
  }),
  reluGradientSums: ({ rows, columns, chunk }) => ({
    shape: times(rows, columns),
    flops: 2 * rows * columns,
    elements: {
      y: rows * columns,
      gradient: rows * columns,
      out: rows * columns,
      sums: columns * Math.ceil(rows / chunk),
    },
  }),
  rmsprop: ({ size, momentum }, { CENTERED = false, GUARDED = false }) => ({
    shape: times(size),
    flops: size * (12 + 5 * Number(CENTERED) + (momentum === 0 ? 0 : 2)),
    elements: {
      gradients: size,
      parameters: 2 * size,
      squares: 2 * size,
      means: CENTERED ? 2 * size : 0,
      velocity: momentum === 0 ? 0 : 2 * size,
      counts: Number(GUARDED),
    },
  }),
  roundToHalf: ({ size }) => ({ shape: times(size), flops: 0, elements: { x: size, out: size } }),
  scatterAdd: ({ size, length, count, inner, outerStride, countStride, innerStride }) => {
    const outer = size / (length * inner);
    return {
      shape: `${times(outer, count, inner)}→${length}`,
      flops: outer * count * inner,
      elements: {
        x: outer * count * inner,
        indices: distinct([outer, count, inner], [outerStride, countStride, innerStride]),
        out: size,
      },
    };
  },
  sgd: ({ size, momentum, nesterov }, { GUARDED = false }) => ({
    shape: times(size),
    flops: size * (5 + (momentum === 0 ? 0 : 3) + (nesterov === 0 ? 0 : 2)),
    elements: {
      gradients: size,
      parameters: 2 * size,
      velocity: momentum === 0 ? 0 : 2 * size,
      counts: GUARDED ? 2 : 0,
    },
  }),
  softmax: ({ rows, length }, { LOGARITHM = false }) => ({
    shape: times(rows, length),
    flops: rows * length * (LOGARITHM ? 6 : 7),
    elements: { x: rows * length, out: rows * length },
  }),
  tally: ({ rows, classes }) => ({
    shape: times(rows, classes),
    flops: rows * classes,
    elements: { x: rows * classes, labels: rows, loss: 1, cells: 3 },
  }),
  unary: ({ size, shape, strides }) => ({
    shape: shapeText(shape),
    flops: size,
    elements: { x: distinct(shape, strides), out: size },
  }),
  unscale: ({ size }) => ({
    shape: times(size),
    flops: size,
    elements: { scale: 1, gradients: 2 * size, counts: 1 },
  }),
  updateScale: () => ({ shape: times(1), flops: 1, elements: { scale: 2, counts: 6 } }),
  where: ({ size, shape, conditionStrides, aStrides, bStrides }) => ({
    shape: shapeText(shape),
    flops: 0,
    elements: {
      condition: distinct(shape, conditionStrides),
      a: distinct(shape, aStrides),
      b: distinct(shape, bStrides),
      out: size,
    },
  }),
};
