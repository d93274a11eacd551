import { countedBatchNorm } from '../ops/batchNorm.ts';
import { layerNorm } from '../ops/layerNorm.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { MODULE, type ModuleCreateOptions, ones, zeros } from '../tensor/create.ts';
import { ShapeError } from '../tensor/errors.ts';
import { BOOLEAN, either, INTEGER, nullable, NUMBER, REAL, SIZES } from '../tensor/kinds.ts';
import type { Shape } from '../tensor/shape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { Module } from './module.ts';
import { checkInput, checkSizes } from './moduleArguments.ts';
import { buffer, toBeListed } from './parameter.ts';
import { keywords, pythonText } from './representation.ts';

/** Options of `BatchNorm1d` and `BatchNorm2d`. */
export interface BatchNormModuleOptions extends ModuleCreateOptions {
  /** Added to the variance; 1e-5 by default. */
  eps?: number;
  /** The weight of a batch in the running statistics, 0.1 by default; null averages all batches so far. */
  momentum?: number | null;
  /** Whether there are a learnable weight and bias; true by default. */
  affine?: boolean;
  /** Whether to keep running statistics; true by default. Without them evaluation also normalises by the batch. */
  trackRunningStats?: boolean;
}

const BATCH_NORM = {
  eps: REAL,
  momentum: nullable(REAL),
  affine: BOOLEAN,
  trackRunningStats: BOOLEAN,
  ...MODULE,
};

/** What the batch norms share: all but the inputs that they take. */
abstract class BatchNorm extends Module {
  readonly numFeatures: number;
  readonly weight: Tensor | undefined;
  readonly bias: Tensor | undefined;
  readonly runningMean: Tensor | undefined;
  readonly runningVar: Tensor | undefined;
  readonly numBatchesTracked: Tensor | undefined;
  readonly eps: number;
  readonly momentum: number | null;

  constructor(
    numFeatures: number,
    ...rest:
      | [options?: Maybe<BatchNormModuleOptions>]
      | [
          eps: Maybe<number>,
          momentum?: number | null,
          affine?: Maybe<boolean>,
          trackRunningStats?: Maybe<boolean>,
          options?: Maybe<ModuleCreateOptions>,
        ]
  ) {
    super();
    const takes = signature<BatchNormModuleOptions>(new.target.name, { numFeatures: NUMBER }, BATCH_NORM, 4);
    const options = takes([numFeatures, ...rest]);
    const { eps = 1e-5, momentum = 0.1, affine = true, trackRunningStats = true, ...create } = options;
    checkSizes(new.target.name, [numFeatures]);
    this.numFeatures = numFeatures;
    const shape = [numFeatures];
    const kept = { ...create, requiresGrad: false };
    this.weight = affine ? toBeListed(ones(shape, { ...create, requiresGrad: true })) : undefined;
    this.bias = affine ? toBeListed(zeros(shape, { ...create, requiresGrad: true })) : undefined;
    this.runningMean = trackRunningStats ? buffer(zeros(shape, kept)) : undefined;
    this.runningVar = trackRunningStats ? buffer(ones(shape, kept)) : undefined;
    this.numBatchesTracked = trackRunningStats ? buffer(zeros([], { ...kept, dtype: 'int32' })) : undefined;
    this.eps = eps;
    this.momentum = momentum;
  }

  /** @throws ShapeError unless x has one of the shapes that the class takes */
  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    const { weight, bias, eps, momentum, runningMean = null, runningVar = null, numBatchesTracked } = this;
    this.check(x);
    const training = this.training || !runningMean;
    return countedBatchNorm(x, runningMean, runningVar, numBatchesTracked, {
      weight,
      bias,
      training,
      momentum,
      eps,
    });
  }

  protected abstract check(x: Tensor): void;

  override extraRepr(): string {
    const { numFeatures, eps, momentum, weight, runningMean } = this;
    const options = {
      eps,
      momentum,
      affine: weight !== undefined,
      trackRunningStats: runningMean !== undefined,
    };
    return `${numFeatures}, ${keywords(options)}`;
  }
}

/**
 * Normalises the channels of images: see `batchNorm`. Training uses the statistics of the batch, evaluation the running
 * statistics.
 *
 * The state dict has PyTorch's keys: weight, bias, running_mean, running_var and num_batches_tracked. The last is an
 * int32 scalar, because devices have no int64. Weight and bias start as 1 and 0, running statistics as 0 and 1.
 *
 * Source: Ioffe, Szegedy: Batch normalization (2015).
 *
 * @param numFeatures C of an input [N, C, H, W]
 * @throws ArgumentError if that is not a positive integer
 * @example
 * new Sequential(new Conv2d(1, 32, 3, { bias: false }), new BatchNorm2d(32), new ReLU());
 */
export class BatchNorm2d extends BatchNorm {
  protected override check(x: Tensor): void {
    if (x.ndim === 4) return;
    throw new ShapeError('BatchNorm2d', 'not a batch of images', {
      takes: 'input float32[N, C, H, W]',
      got: `input ${describe(x)}`,
    });
  }
}

/**
 * Normalises the features of samples, or the channels of sequences: see `BatchNorm2d`.
 *
 * @param numFeatures C of an input [N, C] or [N, C, L]
 */
export class BatchNorm1d extends BatchNorm {
  protected override check(x: Tensor): void {
    if (x.ndim === 2 || x.ndim === 3) return;
    throw new ShapeError('BatchNorm1d', 'not a batch', {
      takes: 'input float32[N, C] or [N, C, L]',
      got: `input ${describe(x)}`,
    });
  }
}

/** Options of `LayerNorm`. */
export interface LayerNormModuleOptions extends ModuleCreateOptions {
  /** Added to the variance; 1e-5 by default. */
  eps?: number;
  /** Whether there are a learnable weight and bias; true by default. */
  elementwiseAffine?: boolean;
  /** Whether there is a bias in addition to the weight; true by default. */
  bias?: boolean;
}

const layerNormArguments = signature<LayerNormModuleOptions>(
  'LayerNorm',
  { normalizedShape: either(INTEGER, SIZES) },
  { eps: REAL, elementwiseAffine: BOOLEAN, bias: BOOLEAN, ...MODULE },
  3,
);

/**
 * Normalises the last dims of each sample: see `layerNorm`. Weight and bias start as 1 and 0.
 *
 * Source: Ba, Kiros, Hinton: Layer normalization (2016).
 *
 * @param normalizedShape the sizes of those dims, or one number for the last dim
 * @throws ArgumentError if they are not positive integers
 * @example
 * new Sequential(new Linear(784, 128), new LayerNorm(128), new ReLU());
 */
export class LayerNorm extends Module {
  readonly normalizedShape: Shape;
  readonly weight: Tensor | undefined;
  readonly bias: Tensor | undefined;
  readonly eps: number;

  constructor(
    normalizedShape: number | Shape,
    ...rest:
      | [options?: Maybe<LayerNormModuleOptions>]
      | [
          eps: Maybe<number>,
          elementwiseAffine?: Maybe<boolean>,
          bias?: Maybe<boolean>,
          options?: Maybe<ModuleCreateOptions>,
        ]
  ) {
    super();
    const options = layerNormArguments([normalizedShape, ...rest]);
    const { eps = 1e-5, elementwiseAffine = true, bias = true, ...create } = options;
    this.normalizedShape = typeof normalizedShape === 'number' ? [normalizedShape] : [...normalizedShape];
    checkSizes('LayerNorm', this.normalizedShape);
    const trained = { ...create, requiresGrad: true };
    this.weight = elementwiseAffine ? toBeListed(ones(this.normalizedShape, trained)) : undefined;
    this.bias = elementwiseAffine && bias ? toBeListed(zeros(this.normalizedShape, trained)) : undefined;
    this.eps = eps;
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    const { normalizedShape, weight, bias, eps } = this;
    return layerNorm(x, normalizedShape, { weight, bias, eps });
  }

  override extraRepr(): string {
    const { normalizedShape, eps, weight } = this;
    return `${pythonText(normalizedShape)}, ${keywords({ eps, elementwiseAffine: weight !== undefined })}`;
  }
}
