import { type Formula, times } from './cost.ts';

export const batchNorm: Formula<'batchNorm'> = (
  { rows, channels, inner },
  { WEIGHTED = true, BIASED = true },
) => ({
  shape: times(rows / channels, channels, inner),
  flops: 3 * rows * inner,
  elements: {
    x: rows * inner,
    mean: channels,
    spread: channels,
    weight: WEIGHTED ? channels : 0,
    bias: BIASED ? channels : 0,
    out: rows * inner,
  },
});

export const batchNormFinish: Formula<'batchNormFinish'> = ({ size, parts }) => ({
  shape: times(parts, size),
  flops: size * (9 * parts + 9),
  elements: {
    partials: 2 * parts * size,
    batches: 1,
    stats: 2 * size,
    runningMean: 2 * size,
    runningVar: 2 * size,
  },
});

export const batchNormGradient: Formula<'batchNormGradient'> = (
  { rows, channels, inner },
  { WEIGHTED = true },
) => ({
  shape: times(rows / channels, channels, inner),
  flops: 5 * rows * inner,
  elements: {
    x: rows * inner,
    gradient: rows * inner,
    stats: 2 * channels,
    sums: 2 * channels,
    weight: WEIGHTED ? channels : 0,
    out: rows * inner,
  },
});

export const batchNormStatistics: Formula<'batchNormStatistics'> = ({ channels, inner, count, chunk }) => ({
  shape: times(count / inner, channels, inner),
  flops: 7 * channels * count,
  elements: { x: channels * count, partials: 2 * channels * Math.ceil(count / chunk), batches: 2 },
});

export const batchNormSums: Formula<'batchNormSums'> = ({ channels, inner, count, chunk }) => ({
  shape: times(count / inner, channels, inner),
  flops: 5 * channels * count,
  elements: {
    x: channels * count,
    gradient: channels * count,
    stats: 2 * channels,
    partials: 2 * channels * Math.ceil(count / chunk),
  },
});

export const layerNorm: Formula<'layerNorm'> = ({ rows, length }, { WEIGHTED = true, BIASED = true }) => ({
  shape: times(rows, length),
  flops: rows * length * (6 + Number(WEIGHTED) + Number(BIASED)),
  elements: {
    x: rows * length,
    weight: WEIGHTED ? length : 0,
    bias: BIASED ? length : 0,
    out: rows * length,
    stats: 2 * rows,
  },
});

export const layerNormGradient: Formula<'layerNormGradient'> = ({ rows, length }, { WEIGHTED = true }) => ({
  shape: times(rows, length),
  flops: rows * length * (11 + 2 * Number(WEIGHTED)),
  elements: {
    x: rows * length,
    gradient: rows * length,
    stats: 2 * rows,
    weight: WEIGHTED ? length : 0,
    out: rows * length,
  },
});

export const layerNormSums: Formula<'layerNormSums'> = ({ rows, length, chunk }) => ({
  shape: times(rows, length),
  flops: 5 * rows * length,
  elements: {
    x: rows * length,
    gradient: rows * length,
    stats: 2 * rows,
    partials: 2 * length * Math.ceil(rows / chunk),
  },
});
