import { conv2d, type Conv2dOptions } from '../ops/conv2d.ts';
import { pad } from '../ops/pad.ts';
import { type Pair, pairOf } from '../ops/support/pooling.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { MODULE, type ModuleCreateOptions } from '../tensor/create.ts';
import { BOOLEAN, either, INTEGER, NUMBER, oneOf, PAIR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import type { Tensor } from '../tensor/tensor.ts';
import {
  border,
  checkFilters,
  checkSame,
  filters,
  filterText,
  PADDING_MODE,
  type PaddingMode,
} from './filters.ts';
import type { Fusion } from './fusion.ts';
import { Module } from './module.ts';
import { checkInput } from './moduleArguments.ts';

/** Options of `Conv2d`. */
export interface Conv2dModuleOptions extends Omit<Conv2dOptions, 'activation'>, ModuleCreateOptions {
  /** Whether there is a bias; true by default. */
  bias?: boolean;
  /** What the padding consists of; zeros by default. */
  paddingMode?: PaddingMode;
}

const takes = signature<Conv2dModuleOptions>(
  'Conv2d',
  { inChannels: NUMBER, outChannels: NUMBER, kernelSize: PAIR },
  {
    stride: PAIR,
    padding: either(PAIR, oneOf('same', 'valid')),
    dilation: PAIR,
    groups: INTEGER,
    bias: BOOLEAN,
    paddingMode: PADDING_MODE,
    ...MODULE,
  },
  6,
);

/**
 * A bank of filters over images: see `conv2d`.
 *
 * Weight [outChannels, inChannels / groups, KH, KW] and bias [outChannels] are initialised uniformly in ±1 / √fanIn
 * with fanIn = inChannels / groups · KH · KW, as in PyTorch.
 *
 * @param kernelSize a number, or [height, width]
 * @param rest stride, padding, dilation, groups, bias and paddingMode, in this order or by name
 * @throws ArgumentError for sizes that are not positive integers, or channels that are not a multiple of groups
 * @example
 * new Conv2d(1, 32, 3, { padding: 1 }).forward(rand([64, 1, 28, 28])); // float32[64, 32, 28, 28]
 */
export class Conv2d extends Module {
  static readonly fusion: Fusion<Conv2d> = {
    withRelu: (layer, x) => layer.#convolve(x, 'relu'),
  };
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly paddingMode: PaddingMode;
  readonly #options: Conv2dOptions;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly [number, number],
    ...rest:
      | [options?: Maybe<Conv2dModuleOptions>]
      | [
          stride: Maybe<Pair>,
          padding?: Maybe<Pair | 'same' | 'valid'>,
          dilation?: Maybe<Pair>,
          groups?: Maybe<number>,
          bias?: Maybe<boolean>,
          paddingMode?: Maybe<PaddingMode>,
          options?: Maybe<ModuleCreateOptions>,
        ]
  ) {
    super();
    const {
      bias = true,
      stride = 1,
      padding = 0,
      dilation = 1,
      groups = 1,
      paddingMode = 'zeros',
      ...create
    } = takes([inChannels, outChannels, kernelSize, ...rest]);
    const kernel = bothOf(kernelSize);
    checkFilters('Conv2d', inChannels, outChannels, kernel, groups, 2);
    pairOf('Conv2d', 'stride', stride, 1);
    checkSame('Conv2d', padding, stride);
    if (typeof padding !== 'string') pairOf('Conv2d', 'padding', padding, 0);
    pairOf('Conv2d', 'dilation', dilation, 1);
    this.paddingMode = paddingMode;
    this.#options = { stride, padding, dilation, groups };
    const shape = [outChannels, inChannels / groups, ...kernel];
    [this.weight, this.bias] = filters(shape, outChannels, bias, create);
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return this.#convolve(x);
  }

  #convolve(x: Tensor, activation?: 'relu'): Tensor {
    const options = { ...this.#options, ...(activation && { activation }) };
    const { paddingMode, weight, bias } = this;
    if (paddingMode === 'zeros') return conv2d(x, weight, bias, options);
    const { padding = 0, dilation = 1 } = options;
    const amounts = border(weight.shape.slice(2), padding, dilation);
    return scope(() => conv2d(pad(x, amounts, paddingMode), weight, bias, { ...options, padding: 0 }));
  }

  override extraRepr(): string {
    const [outChannels, fanIn, ...kernelSize] = this.weight.shape as [number, number, number, number];
    const { stride = 1, padding = 0, dilation = 1, groups = 1 } = this.#options;
    return filterText(fanIn * groups, outChannels, {
      kernelSize,
      stride: bothOf(stride),
      padding: typeof padding === 'string' ? padding : bothOf(padding),
      dilation: bothOf(dilation),
      groups,
      bias: this.bias !== undefined,
      paddingMode: this.paddingMode,
    });
  }
}

function bothOf(size: Pair): readonly number[] {
  return typeof size === 'number' ? [size, size] : size;
}
