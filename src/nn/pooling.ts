import { adaptiveAvgPool2d, type AdaptiveSize } from '../ops/adaptiveAvgPool2d.ts';
import { type AvgPoolArguments, avgPool2d, type AvgPoolOptions } from '../ops/avgPool2d.ts';
import { maxPool2d, type MaxPoolOptions } from '../ops/maxPool2d.ts';
import { maxPool1d, type MaxPool1dOptions } from '../ops/sequences.ts';
import { type Pair, pairOf } from '../ops/support/pooling.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { BOOLEAN, INTEGER, nullable, PAIR, REAL } from '../tensor/kinds.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Fusion } from './fusion.ts';
import { Module } from './module.ts';
import { checkInput } from './moduleArguments.ts';
import { keywords } from './representation.ts';

const maxPoolArguments = signature<MaxPoolOptions & { returnIndices?: false }>(
  'MaxPool2d',
  {},
  {
    kernelSize: PAIR,
    stride: PAIR,
    padding: PAIR,
    dilation: PAIR,
    returnIndices: { takes: 'false: positions are not returned', fits: (value) => value === false },
    ceilMode: BOOLEAN,
  },
);
const avgPoolArguments = signature<AvgPoolOptions>(
  'AvgPool2d',
  {},
  {
    kernelSize: PAIR,
    stride: PAIR,
    padding: PAIR,
    ceilMode: BOOLEAN,
    countIncludePad: BOOLEAN,
    divisorOverride: REAL,
  },
);
const maxPool1dArguments = signature<MaxPool1dOptions>(
  'MaxPool1d',
  { kernelSize: INTEGER },
  { stride: INTEGER, padding: INTEGER, dilation: INTEGER, ceilMode: BOOLEAN },
  3,
);
const adaptiveArguments = signature('AdaptiveAvgPool2d', { size: nullable(PAIR) });

function checkWindows(
  module: string,
  { kernelSize, stride = 1, padding = 0, dilation = 1 }: MaxPoolOptions,
): void {
  pairOf(module, 'kernelSize', kernelSize, 1);
  pairOf(module, 'stride', stride, 1);
  pairOf(module, 'padding', padding, 0);
  pairOf(module, 'dilation', dilation, 1);
}

/**
 * The maximum over each window: see `maxPool2d`.
 *
 * @param kernelSize the window's size: a number or [height, width]
 * @param options.stride the kernel size by default
 * @example
 * new MaxPool2d(2); // half the height and width
 * new MaxPool2d(3, { stride: 2, padding: 1 });
 */
export class MaxPool2d extends Module {
  static readonly fusion: Fusion = { selects: true };
  readonly options: Readonly<MaxPoolOptions>;

  constructor(
    ...rest:
      | [options: MaxPoolOptions]
      | [kernelSize: Pair, options?: Maybe<Omit<MaxPoolOptions, 'kernelSize'>>]
      | [
          kernelSize: Pair,
          stride: Maybe<Pair>,
          padding?: Maybe<Pair>,
          dilation?: Maybe<Pair>,
          returnIndices?: false,
          ceilMode?: Maybe<boolean>,
        ]
  ) {
    super();
    const { returnIndices, ...options } = maxPoolArguments(rest);
    this.options = options;
    checkWindows('MaxPool2d', options);
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return maxPool2d(x, this.options);
  }

  override extraRepr(): string {
    const { kernelSize, stride = kernelSize, padding = 0, dilation = 1, ceilMode = false } = this.options;
    return keywords({ kernelSize, stride, padding, dilation, ceilMode });
  }
}

/**
 * The maximum over each window of a sequence: see `maxPool1d`.
 *
 * @param rest stride, padding and dilation, in order or by name; ceilMode by name
 */
export class MaxPool1d extends Module {
  readonly kernelSize: number;
  readonly options: Readonly<MaxPool1dOptions>;

  constructor(
    kernelSize: number,
    ...rest:
      | [options?: Maybe<MaxPool1dOptions>]
      | [
          stride: Maybe<number>,
          padding?: Maybe<number>,
          dilation?: Maybe<number>,
          options?: Maybe<Pick<MaxPool1dOptions, 'ceilMode'>>,
        ]
  ) {
    super();
    this.options = maxPool1dArguments([kernelSize, ...rest]);
    this.kernelSize = kernelSize;
    const { stride, padding, dilation } = this.options;
    checkWindows('MaxPool1d', {
      kernelSize,
      stride: stride ?? 1,
      padding: padding ?? 0,
      dilation: dilation ?? 1,
    });
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return maxPool1d(x, this.kernelSize, this.options);
  }

  override extraRepr(): string {
    const { kernelSize } = this;
    const { stride = kernelSize, padding = 0, dilation = 1, ceilMode = false } = this.options;
    return keywords({ kernelSize, stride, padding, dilation, ceilMode });
  }
}

/**
 * The mean over each window: see `avgPool2d`.
 *
 * @param kernelSize the window's size: a number or [height, width]
 * @param options.stride the kernel size by default
 */
export class AvgPool2d extends Module {
  readonly options: Readonly<AvgPoolOptions>;

  constructor(...rest: AvgPoolArguments) {
    super();
    this.options = avgPoolArguments(rest);
    checkWindows('AvgPool2d', this.options);
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return avgPool2d(x, this.options);
  }

  override extraRepr(): string {
    const { kernelSize, stride = kernelSize, padding = 0 } = this.options;
    return keywords({ kernelSize, stride, padding });
  }
}

/**
 * The means over parts of an image of any size: see `adaptiveAvgPool2d`.
 *
 * @param size the output's size: a number or [height, width]; null keeps that of the input
 * @example
 * new Sequential(features, new AdaptiveAvgPool2d(1), new Flatten()); // the mean of each channel
 */
export class AdaptiveAvgPool2d extends Module {
  readonly size: AdaptiveSize;

  constructor(size: AdaptiveSize) {
    super();
    adaptiveArguments(arguments);
    if (typeof size === 'number') pairOf('AdaptiveAvgPool2d', 'size', size, 0);
    this.size = size;
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return adaptiveAvgPool2d(x, this.size);
  }

  override extraRepr(): string {
    return keywords({ outputSize: this.size });
  }
}
