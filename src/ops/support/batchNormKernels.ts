import { empty } from '../../tensor/create.ts';
import { scope } from '../../tensor/scope.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { dense, freeCopy } from '../../tensor/dense.ts';
import { foldParts } from './reduction.ts';

/** Channels · parts: enough workgroups for a large device. */
const WORKGROUPS = 256;
/** The fewest elements of a part. Fewer are not worth a workgroup. */
const LEAST_CHUNK = 1024;
/** The sizes of an input [N, C, …] for batch norm: `count` values in each of `channels`, `inner` of them adjacent. */
interface Sizes {
  channels: number;
  inner: number;
  count: number;
}

function sizesOf(x: Tensor): Sizes {
  const [images, channels] = x.shape as [number, number];
  const inner = x.numel() / (images * channels);
  return { channels, inner, count: images * inner };
}

/** The split of a channel into parts, which depends only on sizes. */
function partsOf({ channels, count }: Sizes): { chunk: number; parts: number } {
  const wanted = Math.max(1, Math.floor(WORKGROUPS / channels));
  const chunk = Math.max(LEAST_CHUNK, Math.ceil(count / wanted));
  return { chunk, parts: Math.ceil(count / chunk) };
}

/** Running statistics, updated in place; `batches`, an int32 scalar, counts them. */
export interface Running {
  mean: Tensor | null;
  variance: Tensor | null;
  batches: Tensor | undefined;
  /** Negative for the average over all batches, which requires their count. */
  momentum: number;
}

/** The batch's statistics as [2, C]: means and 1 / √(var + eps). Updates the running statistics. */
export function batchStatistics(x: Tensor, running: Running, eps: number): Tensor {
  const { dtype, device } = x;
  const sizes = sizesOf(x);
  const { channels, count } = sizes;
  const { chunk, parts } = partsOf(sizes);
  for (const each of [running.mean, running.variance, running.batches]) each?.storage.changed();
  return scope(() => {
    // Without running statistics the kernels write to unused memory.
    const mean = running.mean ?? empty([channels], { dtype, device });
    const variance = running.variance ?? empty([channels], { dtype, device });
    const batches = running.batches ?? empty([], { dtype: 'int32', device });
    const partials = empty([parts, channels, 2], { dtype, device });
    const stats = empty([2, channels], { dtype, device });
    device.run(
      'batchNormStatistics',
      { x: x.storage.buffer, partials: partials.storage.buffer, batches: batches.storage.buffer },
      { ...sizes, chunk, offset: x.offset, batchesOffset: batches.offset },
    );
    device.run(
      'batchNormFinish',
      {
        partials: partials.storage.buffer,
        batches: batches.storage.buffer,
        stats: stats.storage.buffer,
        runningMean: mean.storage.buffer,
        runningVar: variance.storage.buffer,
      },
      {
        size: channels,
        parts,
        count,
        chunk,
        momentum: running.momentum,
        eps,
        meanOffset: mean.offset,
        varOffset: variance.offset,
        batchesOffset: batches.offset,
      },
    );
    return stats;
  });
}

/** The operands of `normalise`: statistics, and the affine map that follows. */
export interface Affine {
  weight: Tensor | undefined;
  bias: Tensor | undefined;
}

/** (x - mean) · scale · weight + bias with the statistics of `batchStatistics`. */
export function normalise(x: Tensor, stats: Tensor, affine: Affine): Tensor {
  return launchNormal(x, stats, { tensor: stats, offset: stats.shape[1]! }, affine, undefined);
}

/** The same with a mean and a variance. */
export function normaliseBy(x: Tensor, mean: Tensor, variance: Tensor, affine: Affine, eps: number): Tensor {
  const [center, spread] = [dense(mean), dense(variance)];
  const out = launchNormal(x, center, { tensor: spread, offset: spread.offset }, affine, eps);
  freeCopy(center, mean);
  freeCopy(spread, variance);
  return out;
}

/** @param eps undefined if `spread` is the factor itself instead of a variance */
function launchNormal(
  x: Tensor,
  mean: Tensor,
  spread: { tensor: Tensor; offset: number },
  { weight, bias }: Affine,
  eps: number | undefined,
): Tensor {
  const out = empty(x.shape, { dtype: x.dtype, device: x.device });
  const sizes = sizesOf(x);
  const [factor, shift] = [weight && dense(weight), bias && dense(bias)];
  x.device.run(
    'batchNorm',
    {
      x: x.storage.buffer,
      mean: mean.storage.buffer,
      spread: spread.tensor.storage.buffer,
      weight: (factor ?? mean).storage.buffer,
      bias: (shift ?? mean).storage.buffer,
      out: out.storage.buffer,
    },
    {
      rows: x.numel() / sizes.inner,
      channels: sizes.channels,
      inner: sizes.inner,
      offset: x.offset,
      meanOffset: mean.offset,
      spreadOffset: spread.offset,
      weightOffset: factor?.offset ?? 0,
      biasOffset: shift?.offset ?? 0,
      eps: eps ?? 0,
    },
    {
      VARIANCE: eps !== undefined,
      WEIGHTED: weight !== undefined,
      BIASED: bias !== undefined,
    },
  );
  if (factor) freeCopy(factor, weight!);
  if (shift) freeCopy(shift, bias!);
  return out;
}

/** [2, C]: Σ gradient and Σ gradient · x̂ of each channel, which are the gradients of bias and weight. */
export function gradientSums(x: Tensor, gradient: Tensor, stats: Tensor): Tensor {
  const { dtype, device } = x;
  const sizes = sizesOf(x);
  const { chunk, parts } = partsOf(sizes);
  const partials = empty([parts, 2 * sizes.channels], { dtype, device });
  device.run(
    'batchNormSums',
    {
      x: x.storage.buffer,
      gradient: gradient.storage.buffer,
      stats: stats.storage.buffer,
      partials: partials.storage.buffer,
    },
    { ...sizes, chunk, offset: x.offset, gradientOffset: gradient.offset },
  );
  const shape = [2, sizes.channels];
  if (parts === 1) {
    const sums = partials.withLayout({ shape, strides: [sizes.channels, 1], offset: 0 });
    partials.dispose();
    return sums;
  }
  const sums = empty(shape, { dtype, device });
  foldParts('SUM', partials, sums);
  return sums;
}

/** scale · weight · (gradient - mean(gradient) - x̂ · mean(gradient · x̂)). */
export function inputGradient(
  x: Tensor,
  gradient: Tensor,
  stats: Tensor,
  sums: Tensor,
  weight: Tensor | undefined,
): Tensor {
  const out = empty(x.shape, { dtype: x.dtype, device: x.device });
  const sizes = sizesOf(x);
  const factor = weight && dense(weight);
  x.device.run(
    'batchNormGradient',
    {
      x: x.storage.buffer,
      gradient: gradient.storage.buffer,
      stats: stats.storage.buffer,
      sums: sums.storage.buffer,
      weight: (factor ?? stats).storage.buffer,
      out: out.storage.buffer,
    },
    {
      ...sizes,
      rows: x.numel() / sizes.inner,
      offset: x.offset,
      gradientOffset: gradient.offset,
      weightOffset: factor?.offset ?? 0,
    },
    { WEIGHTED: weight !== undefined },
  );
  if (factor) freeCopy(factor, weight);
  return out;
}
