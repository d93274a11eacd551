import { conv2d, type Conv2dOptions } from '../ops/conv2d.ts';
import { type Pair, pairOf } from '../ops/support/pooling.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { MODULE, type ModuleCreateOptions } from '../tensor/create.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { BOOLEAN, either, INTEGER, NUMBER, oneOf, PAIR } from '../tensor/kinds.ts';
import { symmetricUniform } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Fusion } from './fusion.ts';
import { fans, kaimingUniform } from './init.ts';
import { Module } from './module.ts';
import { toBeListed } from './parameter.ts';
import { checkInput } from './moduleArguments.ts';
import { keywords } from './representation.ts';

/** Options of `Conv2d`. */
export interface Conv2dModuleOptions extends Omit<Conv2dOptions, 'activation'>, ModuleCreateOptions {
  /** Whether there is a bias; true by default. */
  bias?: boolean;
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
    ...MODULE,
  },
  5,
);

/**
 * A bank of filters over images: see `conv2d`.
 *
 * Weight [outChannels, inChannels / groups, KH, KW] and bias [outChannels] are initialised uniformly in ±1 / √fanIn
 * with fanIn = inChannels / groups · KH · KW, as in PyTorch.
 *
 * @param kernelSize a number, or [height, width]
 * @param rest stride, padding, dilation, groups and bias, in this order or by name
 * @throws ArgumentError for sizes that are not positive integers, or channels that are not a multiple of groups
 * @example
 * new Conv2d(1, 32, 3, { padding: 1 }).forward(rand([64, 1, 28, 28])); // float32[64, 32, 28, 28]
 */
export class Conv2d extends Module {
  static readonly fusion: Fusion<Conv2d> = {
    withRelu: (layer, x) => conv2d(x, layer.weight, layer.bias, { ...layer.#options, activation: 'relu' }),
  };
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
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
          options?: Maybe<ModuleCreateOptions>,
        ]
  ) {
    super();
    const options = takes([inChannels, outChannels, kernelSize, ...rest]);
    const { bias = true, stride = 1, padding = 0, dilation = 1, groups = 1, ...create } = options;
    const kernel = typeof kernelSize === 'number' ? [kernelSize, kernelSize] : kernelSize;
    const sizes = [inChannels, outChannels, groups, ...kernel];
    const whole = sizes.every((size) => Number.isSafeInteger(size) && size > 0) && kernel.length === 2;
    if (!whole || inChannels % groups !== 0 || outChannels % groups !== 0) {
      throw new ArgumentError('Conv2d', 'invalid size', {
        takes: 'positive integers, and channels that are multiples of groups',
        got: `inChannels ${inChannels}, outChannels ${outChannels}, kernelSize ${JSON.stringify(kernelSize)}, groups ${groups}`,
      });
    }
    pairOf('Conv2d', 'stride', stride, 1);
    if (typeof padding !== 'string') pairOf('Conv2d', 'padding', padding, 0);
    pairOf('Conv2d', 'dilation', dilation, 1);
    this.#options = { stride, padding, dilation, groups };
    const shape = [outChannels, inChannels / groups, ...kernel];
    const trained = { ...create, requiresGrad: true };
    this.weight = toBeListed(kaimingUniform(shape, { ...trained, a: Math.sqrt(5) }));
    this.bias = bias
      ? toBeListed(symmetricUniform([outChannels], 1 / Math.sqrt(fans(shape).fanIn), trained))
      : undefined;
  }

  override forward(x: Tensor): Tensor {
    checkInput(this, arguments);
    return conv2d(x, this.weight, this.bias, this.#options);
  }

  override extraRepr(): string {
    const [outChannels, fanIn, ...kernelSize] = this.weight.shape as [number, number, number, number];
    const { stride = 1, padding = 0, dilation = 1, groups = 1 } = this.#options;
    const both = (size: number | readonly number[]): readonly number[] =>
      typeof size === 'number' ? [size, size] : size;
    const unlessAll = (size: number | readonly number[], usual: number): readonly number[] | undefined =>
      both(size).every((each) => each === usual) ? undefined : both(size);
    const options = keywords({
      kernelSize,
      stride: both(stride),
      padding: typeof padding === 'string' ? padding : unlessAll(padding, 0),
      dilation: unlessAll(dilation, 1),
      groups: groups === 1 ? undefined : groups,
      bias: this.bias ? undefined : false,
    });
    return `${fanIn * groups}, ${outChannels}, ${options}`;
  }
}
