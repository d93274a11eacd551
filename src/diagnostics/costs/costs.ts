import type { KernelName } from '../../backend/backend.ts';
import { codes } from '../../backend/signatures.ts';
import { distinct, type Formula, times } from './cost.ts';
import * as norms from './norms.ts';
import * as pools from './pools.ts';
import * as products from './products.ts';

/**
 * What launches compute and move: the counts behind a profile's GFLOP/s and GB/s. A kernel, or a part of its cost, that is
 * left out here has its default: see `defaultCost`.
 */
export const costs: { readonly [K in KernelName]?: Formula<K> } = {
  accumulate: ({ size }) => ({ flops: size, elements: { out: 2 * size } }),
  adam: ({ size }, { GUARDED = false }) => ({
    flops: 17 * size,
    elements: { parameters: 2 * size, mean: 2 * size, variance: 2 * size, counts: GUARDED ? 2 : 0 },
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
  ...norms,
  ...pools,
  ...products,
  binary: ({ size }) => ({ flops: size }),
  clip: ({ size }) => ({ flops: size, elements: { norm: 1, gradients: 2 * size } }),
  compare: ({ size }) => ({ flops: size }),
  crossEntropy: ({ rows, classes }, { WEIGHTED = false, SMOOTHED = false, TOTAL = false, LOGS = false }) => ({
    shape: times(rows, classes),
    flops: (LOGS ? 0 : rows * classes * (4 + 4 * Number(SMOOTHED))) + (5 + 2 * Number(TOTAL)) * rows,
    elements: {
      x: LOGS ? rows : rows * classes,
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
  dropout: ({ size }) => ({ flops: size }),
  gather: ({ size, length, count, inner, outerStride, countStride, innerStride }) => {
    const outer = size / (count * inner);
    return {
      shape: `${times(outer, length, inner)}→${count}`,
      elements: {
        x: Math.min(size, outer * length * inner),
        indices: distinct([outer, count, inner], [outerStride, countStride, innerStride]),
      },
    };
  },
  gatherImages: ({ size, pixels }) => {
    const count = size / pixels;
    return {
      shape: times(count, pixels),
      flops: 2 * size,
      elements: { images: size, rows: count, labels: count, batchLabels: count },
    };
  },
  indexOrder: ({ size, ranges, length, count, inner, outerStride, countStride, innerStride }) => {
    const columns = size / ranges;
    return {
      shape: `${times(columns, count)}→${length}`,
      flops: 0,
      elements: {
        indices: distinct([columns / inner, count, inner], [outerStride, countStride, innerStride]),
        ends: columns * length,
        order: columns * count,
      },
    };
  },
  lossTotal: ({ rows }) => ({
    shape: times(rows),
    flops: 2 * rows,
    elements: { losses: 2 * rows, total: 2 },
  }),
  mergeRuns: ({ size, length, keep, width }, { FIRST = false }) => {
    const runs = (size / length) * Math.ceil(length / width);
    const read = FIRST ? size : Math.min(size, runs * keep);
    return {
      shape: times(size / length, length),
      flops: read * Math.ceil(Math.log2(width)),
      elements: { x: read, order: FIRST ? 0 : read, out: read },
    };
  },
  moments: ({ size }, { FORM = codes.moments.AMSGRAD, GUARDED = false }) => {
    const { AMSGRAD, NADAM, ADAGRAD, LION } = codes.moments;
    return {
      flops: size * (FORM === LION ? 12 : FORM === NADAM ? 24 : 16),
      elements: {
        parameters: 2 * size,
        mean: FORM === ADAGRAD ? 0 : 2 * size,
        variance: FORM === LION ? 0 : 2 * size,
        third: FORM === AMSGRAD || FORM === NADAM ? 2 * size : 0,
        counts: GUARDED ? 2 : 0,
      },
    };
  },
  norm: ({ size, chunk }, { TERMS = true, ROOT = true }) => ({
    flops: TERMS ? 2 * size : size,
    elements: { x: TERMS ? size : 3 * size, out: (ROOT ? 1 : 3) * Math.ceil(size / chunk) },
  }),
  random: ({ size }) => ({ flops: 2 * size }),
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
  reluGradientSums: ({ rows, columns, chunk }) => {
    const size = rows * columns;
    return {
      shape: times(rows, columns),
      flops: 2 * size,
      elements: { y: size, gradient: size, out: size, sums: columns * Math.ceil(rows / chunk) },
    };
  },
  rmsprop: ({ size, momentum }, { CENTERED = false, GUARDED = false }) => ({
    flops: size * (12 + 5 * Number(CENTERED) + (momentum === 0 ? 0 : 2)),
    elements: {
      parameters: 2 * size,
      squares: 2 * size,
      means: CENTERED ? 2 * size : 0,
      velocity: momentum === 0 ? 0 : 2 * size,
      counts: Number(GUARDED),
    },
  }),
  scan: ({ rows, length }, { SCALED = false, SHIFTED = true }) => {
    const size = rows * length;
    return {
      shape: times(rows, length),
      flops: size * (Number(SCALED) + Number(SHIFTED)),
      elements: { a: SCALED ? size : 0, x: SHIFTED ? size : 0, out: size },
    };
  },
  scatterAdd: ({ size, length, count, inner, outerStride, countStride, innerStride }) => {
    const outer = size / (length * inner);
    const terms = outer * count * inner;
    return {
      shape: `${times(outer, count, inner)}→${length}`,
      flops: terms,
      elements: {
        x: terms,
        indices: distinct([outer, count, inner], [outerStride, countStride, innerStride]),
        out: size,
      },
    };
  },
  scatterAddOrdered: ({ size, length, count, inner }, { SHARED = false }) => {
    const outer = size / (length * inner);
    const columns = SHARED ? 1 : outer * inner;
    const terms = outer * count * inner;
    return {
      shape: `${times(outer, count, inner)}→${length}`,
      flops: terms,
      elements: { x: terms, ends: columns * length, order: columns * count, out: size },
    };
  },
  scatterFold: (params, { SHARED = false, BY_PLACE = false }) => {
    const { size, length, count, inner, outerStride, countStride, innerStride } = params;
    const outer = size / (length * inner);
    const columns = SHARED ? 1 : outer * inner;
    const terms = outer * count * inner;
    const index = distinct([outer, count, inner], [outerStride, countStride, innerStride]);
    return {
      shape: `${times(outer, count, inner)}→${length}`,
      flops: terms,
      elements: {
        base: size,
        x: terms,
        ends: BY_PLACE ? 0 : columns * length,
        order: BY_PLACE ? index : columns * count,
        out: size,
      },
    };
  },
  sgd: ({ size, momentum, nesterov }, { GUARDED = false }) => ({
    flops: size * (5 + (momentum === 0 ? 0 : 3) + (nesterov === 0 ? 0 : 2)),
    elements: {
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
  unary: ({ size }) => ({ flops: size }),
  unscale: ({ size }) => ({ flops: size, elements: { scale: 1, gradients: 2 * size, counts: 1 } }),
  updateScale: () => ({ shape: times(1), flops: 1, elements: { scale: 2, counts: 6 } }),
};
