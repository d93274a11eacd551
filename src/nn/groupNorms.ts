import { groupNorm, instanceNorm } from '../ops/groupNorm.ts';
import { rmsNorm } from '../ops/rmsNorm.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { MODULE, type ModuleCreateOptions, ones, zeros } from '../tensor/create.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { BOOLEAN, either, INTEGER, REAL, SIZES } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import type { Shape } from '../tensor/shape.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { Module } from './module.ts';
import { checkInput, checkSizes } from './moduleArguments.ts';
import { toBeListed } from './parameter.ts';
import { keywords, pythonText } from './representation.ts';

/** Options of `GroupNorm` and `InstanceNorm2d`. */
export interface GroupNormModuleOptions extends ModuleCreateOptions {
  /** Added to the variance; 1e-5 by default. */
  eps?: number;
  /** Whether there are a trained weight and bias: true by default for `GroupNorm`, false for `InstanceNorm2d`. */
  affine?: boolean;
}

/** Options of `RMSNorm`. */
export interface RmsNormModuleOptions extends ModuleCreateOptions {
  /** Added to the mean square; 2⁻²³ by default. */
  eps?: number;
  /** Whether there is a trained weight; true by default. */
  elementwiseAffine?: boolean;
}

const OPTIONS = { eps: REAL, affine: BOOLEAN, ...MODULE };
const takes = {
  group: signature<GroupNormModuleOptions>(
    'GroupNorm',
    { numGroups: INTEGER, numChannels: INTEGER },
    OPTIONS,
    2,
  ),
  instance: signature<GroupNormModuleOptions>('InstanceNorm2d', { numFeatures: INTEGER }, OPTIONS, 1),
  rms: signature<RmsNormModuleOptions>(
    'RMSNorm',
    { normalizedShape: either(INTEGER, SIZES) },
    { eps: REAL, elementwiseAffine: BOOLEAN, ...MODULE },
    2,
  ),
};

/** A weight of ones and a bias of zeros, if they are trained. */
function affinity(
  shape: Shape,
  trained: boolean,
  options: ModuleCreateOptions,
): [weight: Tensor | undefined, bias: Tensor | undefined] {
  if (!trained) return [undefined, undefined];
  const create = { ...options, requiresGrad: true };
  return [toBeListed(ones(shape, create)), toBeListed(zeros(shape, create))];
}

/**
 * Normalises groups of channels of each sample: see `groupNorm`.
 *
 * @param numGroups the number of groups, which divides the channels
 * @param numChannels C of an input [N, C, …]
 * @throws ArgumentError for sizes that are not positive integers, or channels that are not a multiple of the groups
 */
export class GroupNorm extends Module {
  readonly weight: Tensor | undefined;
  readonly bias: Tensor | undefined;
  readonly numGroups: number;
  readonly numChannels: number;
  readonly eps: number;

  constructor(
    numGroups: number,
    numChannels: number,
    ...rest:
      | [options?: Maybe<GroupNormModuleOptions>]
      | [eps: Maybe<number>, affine?: Maybe<boolean>, options?: Maybe<ModuleCreateOptions>]
  ) {
    super();
    const { eps = 1e-5, affine = true, ...create } = takes.group([numGroups, numChannels, ...rest]);
    checkSizes('GroupNorm', [numGroups, numChannels]);
    if (numChannels % numGroups !== 0) {
      throw new ArgumentError('GroupNorm', 'the groups do not fit', {
        takes: 'channels that are a multiple of the groups',
        got: `${numGroups} groups, ${numChannels} channels`,
      });
    }
    [this.weight, this.bias] = affinity([numChannels], affine, create);
    this.numGroups = numGroups;
    this.numChannels = numChannels;
    this.eps = eps;
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    const { numGroups, weight, bias, eps } = this;
    return groupNorm(x, numGroups, { weight, bias, eps });
  }

  override extraRepr(): string {
    const { numGroups, numChannels, eps, weight } = this;
    return `${numGroups}, ${numChannels}, ${keywords({ eps, affine: weight !== undefined })}`;
  }
}

/**
 * Normalises each channel of each image: see `instanceNorm`. It keeps no running statistics.
 *
 * @param numFeatures C of an input [N, C, H, W] or [C, H, W]
 */
export class InstanceNorm2d extends Module {
  readonly weight: Tensor | undefined;
  readonly bias: Tensor | undefined;
  readonly numFeatures: number;
  readonly eps: number;

  constructor(
    numFeatures: number,
    ...rest:
      | [options?: Maybe<GroupNormModuleOptions>]
      | [eps: Maybe<number>, options?: Maybe<GroupNormModuleOptions>]
  ) {
    super();
    const { eps = 1e-5, affine = false, ...create } = takes.instance([numFeatures, ...rest]);
    checkSizes('InstanceNorm2d', [numFeatures]);
    [this.weight, this.bias] = affinity([numFeatures], affine, create);
    this.numFeatures = numFeatures;
    this.eps = eps;
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    const { weight, bias, eps } = this;
    if ((x.ndim !== 3 && x.ndim !== 4) || x.shape.at(-1)! * x.shape.at(-2)! === 1) {
      throw new ShapeError('InstanceNorm2d', 'not images', {
        takes: 'input [N, C, H, W] or [C, H, W], of more than one pixel',
        got: `input ${describe(x)}`,
      });
    }
    if (x.ndim === 4) return instanceNorm(x, { weight, bias, eps });
    return scope(() => instanceNorm(x.unsqueeze(0), { weight, bias, eps }).squeeze(0));
  }

  override extraRepr(): string {
    const { numFeatures, eps, weight } = this;
    const options = { eps, momentum: 0.1, affine: weight !== undefined, trackRunningStats: false };
    return `${numFeatures}, ${keywords(options)}`;
  }
}

/**
 * Divides the last dims of each sample by the root of their mean square: see `rmsNorm`.
 *
 * @param normalizedShape the sizes of those dims, or one number for the last dim
 */
export class RMSNorm extends Module {
  readonly weight: Tensor | undefined;
  readonly normalizedShape: Shape;
  readonly eps: number | undefined;

  constructor(
    normalizedShape: number | Shape,
    ...rest:
      | [options?: Maybe<RmsNormModuleOptions>]
      | [eps: Maybe<number>, elementwiseAffine?: Maybe<boolean>, options?: Maybe<ModuleCreateOptions>]
  ) {
    super();
    const { eps, elementwiseAffine = true, ...create } = takes.rms([normalizedShape, ...rest]);
    this.normalizedShape = typeof normalizedShape === 'number' ? [normalizedShape] : [...normalizedShape];
    checkSizes('RMSNorm', this.normalizedShape);
    const trained = { ...create, requiresGrad: true };
    this.weight = elementwiseAffine ? toBeListed(ones(this.normalizedShape, trained)) : undefined;
    this.eps = eps;
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    const { normalizedShape, weight, eps } = this;
    return rmsNorm(x, normalizedShape, { weight, eps });
  }

  override extraRepr(): string {
    const { normalizedShape, eps, weight } = this;
    const options = { eps: eps ?? null, elementwiseAffine: weight !== undefined };
    return `${pythonText(normalizedShape)}, ${keywords(options)}`;
  }
}
