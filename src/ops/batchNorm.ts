import { checkAlike } from '../tensor/checks.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { BOOLEAN, MAYBE_TENSOR, REAL, TENSOR } from '../tensor/kinds.ts';
import { isGradEnabled } from '../tensor/gradientMode.ts';
import { scope } from '../tensor/scope.ts';
import { isRecomputing } from '../tensor/recompute.ts';
import { type Gradients, type Rule, withGradient } from '../tensor/tape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import {
  type Affine,
  batchStatistics,
  gradientSums,
  inputGradient,
  normalise,
  normaliseBy,
  type Running,
} from './support/batchNormKernels.ts';
import { checkDtype } from './support/launch.ts';
import { dense, freeCopy } from '../tensor/dense.ts';

/** Options of `batchNorm`. */
export interface BatchNormOptions {
  /** Of shape [C]: the factor of each channel. Default 1. */
  weight?: Maybe<Tensor>;
  /** Of shape [C]: added to each channel. Default 0. */
  bias?: Maybe<Tensor>;
  /** Normalises by the batch's own statistics and updates the running ones; false by default. */
  training?: boolean;
  /** The weight of a batch in the running statistics; 0.1 by default. */
  momentum?: number;
  /** Added to the variance; 1e-5 by default. */
  eps?: number;
}

/** The optional arguments of `batchNorm`: in this order, or the last of them by name. */
export type BatchNormArguments =
  | [options?: Maybe<BatchNormOptions>]
  | [
      weight: Maybe<Tensor>,
      bias?: Maybe<Tensor>,
      training?: Maybe<boolean>,
      momentum?: Maybe<number>,
      eps?: Maybe<number>,
    ]
  | [weight: Maybe<Tensor>, bias: Maybe<Tensor>, options: Omit<BatchNormOptions, 'weight' | 'bias'>];

const takes = signature<BatchNormOptions>(
  'batchNorm',
  { input: TENSOR, runningMean: MAYBE_TENSOR, runningVar: MAYBE_TENSOR },
  { weight: TENSOR, bias: TENSOR, training: BOOLEAN, momentum: REAL, eps: REAL },
);

/**
 * Normalises each channel to mean 0 and variance 1, then scales and shifts it.
 *
 *     y = (x - mean) / √(var + eps) · weight + bias
 *
 * In training, mean and var are those of the batch (var = Σ (x - mean)² / n), and the running statistics are updated in
 * place: r ← (1 - momentum) r + momentum · s, with the unbiased variance Σ (x - mean)² / (n - 1). In evaluation they
 * are the running statistics.
 *
 *     ∂/∂x = weight / √(var + eps) · (g - mean(g) - x̂ mean(g x̂))  in training, x̂ = (x - mean) / √(var + eps)
 *
 * Sums have a fixed order: the same inputs give the same bits. An infinite element makes its channel NaN.
 *
 * Source: Ioffe, Szegedy: Batch normalization (2015); PyTorch's torch.nn.functional.batch_norm.
 *
 * @param input float32 [N, C] or [N, C, …]; N may be 0, and then nothing is updated
 * @param runningMean [C], or null to keep none, which requires training
 * @param runningVar [C], or null
 * @throws ShapeError if statistics, weight or bias do not have C elements, or a channel has one value in training
 * @throws ArgumentError for evaluation without running statistics
 * @example
 * batchNorm(images, mean, variance, { weight, bias, training: true });
 */
export function batchNorm(
  input: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  ...rest: BatchNormArguments
): Tensor {
  const options = takes([input, runningMean, runningVar, ...rest]);
  return countedBatchNorm(input, runningMean, runningVar, undefined, options);
}

/**
 * `batchNorm` that also counts its batches.
 *
 * @param batches int32 []: incremented in training
 * @param options.momentum null averages over all batches so far
 */
export function countedBatchNorm(
  input: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  batches: Tensor | undefined,
  options: Omit<BatchNormOptions, 'momentum'> & { momentum?: number | null },
): Tensor {
  const { training = false, momentum = 0.1, eps = 1e-5 } = options;
  const [weight, bias] = [options.weight ?? undefined, options.bias ?? undefined];
  checkOperands(input, { 'running mean': runningMean, 'running variance': runningVar, weight, bias });
  if (momentum !== null && !(momentum >= 0)) {
    throw new ArgumentError('batchNorm', 'invalid momentum', {
      takes: 'momentum ≥ 0',
      got: `momentum ${momentum}`,
    });
  }
  if (!training && !(runningMean && runningVar)) {
    throw new ArgumentError('batchNorm', 'no statistics', {
      takes: 'running mean and variance, or training: true',
      got: `running mean ${runningMean ? 'given' : 'none'}, running variance ${runningVar ? 'given' : 'none'}`,
    });
  }
  if (training && input.numel() === input.shape[1]) {
    throw new ShapeError('batchNorm', 'expected more than 1 value per channel when training', {
      takes: 'input [N, C, …] with at least two values per channel, or training: false',
      got: `input ${describe(input)}`,
    });
  }
  const affine = { weight, bias };
  if (input.numel() === 0) return ofNothing(input, affine);
  const x = dense(input);
  // A second run for backward must not count the batch again.
  const running = isRecomputing()
    ? { mean: null, variance: null, batches: undefined, momentum: 0 }
    : { mean: runningMean, variance: runningVar, batches, momentum: momentum ?? -1 };
  const out = training
    ? trained(input, x, running, affine, eps)
    : evaluated(input, x, runningMean!, runningVar!, affine, eps);
  freeCopy(x, input);
  return out;
}

/** The gradients in input, weight and bias. */
type Three = readonly [() => Tensor, () => Tensor, () => Tensor];

/** The gradients of those operands that exist. */
function present({ weight, bias }: Affine, [ofInput, ofWeight, ofBias]: Three): Gradients {
  return [ofInput, ...(weight ? [ofWeight] : []), ...(bias ? [ofBias] : [])];
}

/** @param x the input as a dense tensor */
function trained(input: Tensor, x: Tensor, running: Running, affine: Affine, eps: number): Tensor {
  const { weight, bias } = affine;
  const stats = batchStatistics(x, running, eps);
  const out = normalise(x, stats, affine);
  const wanted = input.requiresGrad;
  const operands = [input, weight, bias].filter((each) => each !== undefined);
  withGradient(
    'batchNorm',
    out,
    operands,
    weight ? [input, stats, weight] : [input, stats],
    (g, kept, s, factor) =>
      present(
        affine,
        isGradEnabled() ? differentiable(g, kept, factor, eps) : fused(g, kept, s, factor, wanted),
      ),
    { eps, weight, bias },
  );
  stats.dispose();
  return out;
}

/** The gradients by kernels, which are not differentiable. */
function fused(
  gradient: Tensor,
  input: Tensor,
  stats: Tensor,
  weight: Tensor | undefined,
  wanted: boolean,
): Three {
  const [x, g] = [dense(input), dense(gradient)];
  const sums = gradientSums(x, g, stats);
  const ofInput = wanted ? inputGradient(x, g, stats, sums, weight) : undefined;
  freeCopy(x, input);
  freeCopy(g, gradient);
  const channels = sums.shape[1]!;
  const row = (index: number): Tensor =>
    sums.withLayout({ shape: [channels], strides: [1], offset: index * channels });
  return [() => ofInput!, () => row(1), () => row(0)];
}

/** The gradients by operations, which are differentiable. */
function differentiable(g: Tensor, x: Tensor, weight: Tensor | undefined, eps: number): Three {
  const dims = statisticDims(x);
  const scaled = (): { xHat: Tensor; scale: Tensor } => {
    const centred = x.sub(x.mean(dims, true));
    const scale = centred.square().mean(dims, true).add(eps).rsqrt();
    return { xHat: centred.mul(scale), scale };
  };
  return [
    () => {
      const { xHat, scale } = scaled();
      const tilt = xHat.mul(g.mul(xHat).mean(dims, true));
      const slope = weight ? scale.mul(perChannel(weight, x)) : scale;
      return g.sub(g.mean(dims, true)).sub(tilt).mul(slope);
    },
    () => g.mul(scaled().xHat).sum(dims),
    () => g.sum(dims),
  ];
}

/** An affine map whose gradients consist of operations. */
function evaluated(
  input: Tensor,
  x: Tensor,
  mean: Tensor,
  variance: Tensor,
  affine: Affine,
  eps: number,
): Tensor {
  const { weight, bias } = affine;
  const out = normaliseBy(x, mean, variance, affine, eps);
  const operands = [input, weight, bias].filter((each) => each !== undefined);
  const saved = [input, mean, variance, ...(weight ? [weight] : [])];
  const rule: Rule = (g: Tensor, kept: Tensor, center: Tensor, spread: Tensor, factor: Tensor) => {
    const along = (each: Tensor): Tensor => perChannel(each, kept);
    const scale = (): Tensor => spread.add(eps).rsqrt();
    return present(affine, [
      () => g.mul(along(weight ? scale().mul(factor) : scale())),
      () =>
        g
          .mul(kept.sub(along(center)))
          .sum(statisticDims(kept))
          .mul(scale()),
      () => g.sum(statisticDims(kept)),
    ]);
  };
  return withGradient('batchNorm', out, operands, saved, rule, { eps, weight, bias, mean, variance });
}

/** An empty input: the running statistics stay, and the gradients of weight and bias are 0. */
function ofNothing(input: Tensor, { weight, bias }: Affine): Tensor {
  return scope(() => {
    const scaled = weight ? input.mul(perChannel(weight, input)) : input.clone();
    return bias ? scaled.add(perChannel(bias, input)) : scaled;
  });
}

/** All dims except that of the channels. */
function statisticDims({ ndim }: Tensor): number[] {
  return Array.from({ length: ndim }, (_, axis) => axis).filter((axis) => axis !== 1);
}

/** [C] as [C, 1, …], which broadcasts to x. */
function perChannel(values: Tensor, { ndim }: Tensor): Tensor {
  return values.reshape([values.numel(), ...new Array<number>(ndim - 2).fill(1)]);
}

function checkOperands(input: Tensor, operands: Readonly<Record<string, Tensor | null | undefined>>): void {
  checkDtype('batchNorm', input, 'float32', 'float64');
  const given = Object.entries(operands).filter((entry): entry is [string, Tensor] => Boolean(entry[1]));
  const channels = input.shape[1];
  const misfit = given.find(([, each]) => each.ndim !== 1 || each.shape[0] !== channels);
  if (input.ndim < 2 || misfit) {
    const problem = input.ndim < 2 || !misfit ? 'no channels' : `${misfit[0]} does not fit`;
    throw new ShapeError('batchNorm', problem, {
      takes: 'input [N, C] or [N, C, …]; statistics, weight and bias [C]',
      got: [['input', input] as const, ...given]
        .map(([name, each]) => `${name} ${describe(each)}`)
        .join(', '),
      ...(input.ndim < 2 ? {} : { where: `C = ${channels}` }),
    });
  }
  checkAlike('batchNorm', input, ...given.map(([, each]) => each));
  const strided = given.find(([name, each]) => name.startsWith('running') && !each.isContiguous());
  if (strided) {
    throw new ArgumentError('batchNorm', `${strided[0]} is a strided view`, {
      takes: 'contiguous running statistics, because they are updated in place',
      got: String(strided[1]),
    });
  }
}
