import { conv2d, type Conv2dOptions } from '../ops/conv2d.ts';
import type { CreateOptions } from '../tensor/create.ts';
import { ArgumentError } from '../tensor/errors.ts';
import { symmetricUniform } from '../tensor/random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Fusion } from './fusion.ts';
import { fans, kaimingUniform } from './init.ts';
import { Module } from './module.ts';
import { keywords } from './representation.ts';

/**
 * A bank of filters over images: see `conv2d`.
 *
 * Weight [outChannels, inChannels / groups, KH, KW] and bias [outChannels] are initialised uniformly in ±1 / √fanIn
 * with fanIn = inChannels / groups · KH · KW, as in PyTorch.
 *
 * @param kernelSize a number, or [height, width]
 * @param options.bias whether there is a bias; true by default
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
    options: Omit<Conv2dOptions, 'activation'> & { bias?: boolean } & CreateOptions = {},
  ) {
    super();
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
    this.#options = { stride, padding, dilation, groups };
    const shape = [outChannels, inChannels / groups, ...kernel];
    const trained = { ...create, requiresGrad: true };
    this.weight = kaimingUniform(shape, { ...trained, a: Math.sqrt(5) });
    this.bias = bias ? symmetricUniform([outChannels], 1 / Math.sqrt(fans(shape).fanIn), trained) : undefined;
  }

  override forward(x: Tensor): Tensor {
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
