import { type Maybe, signature } from '../tensor/arguments.ts';
import { checkAlike } from '../tensor/checks.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { INTEGER, PAIR, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { type Convolution, inputGradient, type Sides } from './support/convolution.ts';
import { checkDtype } from './support/launch.ts';
import { type Pair, pairOf } from './support/pooling.ts';

/** Options of `convTranspose2d`. Each is a number for both axes, or [height, width]. */
export interface ConvTranspose2dOptions {
  /** Pixels between the results of two neighbouring pixels; 1 by default. */
  stride?: Maybe<Pair>;
  /** Pixels cut off on each side of the result; 0 by default. */
  padding?: Maybe<Pair>;
  /** Pixels added below and on the right, less than the stride or the dilation; 0 by default. */
  outputPadding?: Maybe<Pair>;
  /** The number of groups of channels; 1 by default. */
  groups?: Maybe<number>;
  /** Pixels between two elements of the filter; 1 by default. */
  dilation?: Maybe<Pair>;
}

const takes = signature<{
  bias?: Tensor;
  stride?: Pair;
  padding?: Pair;
  outputPadding?: Pair;
  groups?: number;
  dilation?: Pair;
}>(
  'convTranspose2d',
  { input: TENSOR, weight: TENSOR },
  { bias: TENSOR, stride: PAIR, padding: PAIR, outputPadding: PAIR, groups: INTEGER, dilation: PAIR },
);

/**
 * The transpose of `conv2d`, also called its gradient in the image: each pixel spreads a filter over the result.
 *
 * An axis of `size` pixels becomes (size - 1) · stride - 2 padding + dilation · (k - 1) + outputPadding + 1.
 *
 * @param input [N, C, H, W], or [C, H, W] for one image
 * @param weight [C, M / groups, KH, KW]
 * @param rest bias [M], or null; then stride, padding, outputPadding, groups and dilation, in order or by name
 * @returns [N, M, H', W'], or [M, H', W'] for one image
 * @throws ShapeError if the sizes do not fit
 * @throws ArgumentError for an invalid stride, padding, dilation or number of groups
 * @example
 * convTranspose2d(randn(1, 8, 7, 7), randn(8, 4, 2, 2), null, 2); // float32[1, 4, 14, 14]
 *
 * Source: Dumoulin, Visin: A guide to convolution arithmetic for deep learning (2016).
 */
export function convTranspose2d(
  input: Tensor,
  weight: Tensor,
  ...rest:
    | [bias?: Maybe<Tensor>, options?: Maybe<ConvTranspose2dOptions>]
    | [options: ConvTranspose2dOptions & { bias?: Maybe<Tensor> }]
    | [
        bias: Maybe<Tensor>,
        stride: Maybe<Pair>,
        padding?: Maybe<Pair>,
        outputPadding?: Maybe<Pair>,
        groups?: Maybe<number>,
        dilation?: Maybe<Pair>,
      ]
): Tensor {
  const { bias, ...options } = takes([input, weight, ...rest]);
  checkAlike('convTranspose2d', input, weight, ...(bias ? [bias] : []));
  checkDtype('convTranspose2d', input, 'float32', 'float64');
  const { groups = 1 } = options;
  const pair = (name: string, value: Pair, least: number): Sides =>
    pairOf('convTranspose2d', name, value, least);
  const stride = pair('stride', options.stride ?? 1, 1);
  const padding = pair('padding', options.padding ?? 0, 0);
  const extra = pair('outputPadding', options.outputPadding ?? 0, 0);
  const dilation = pair('dilation', options.dilation ?? 1, 1);
  const [inChannels = 0, height = 0, width = 0] = input.shape.slice(-3);
  const [filters = 0, channels = 0, ...kernel] = weight.shape;
  const outSize: Sides = [height, width];
  const size = outSize.map(
    (length, axis) =>
      (length - 1) * stride[axis]! -
      2 * padding[axis]! +
      dilation[axis]! * ((kernel[axis] ?? 0) - 1) +
      extra[axis]! +
      1,
  ) as [number, number];
  const outChannels = channels * groups;
  const fits =
    [3, 4].includes(input.ndim) &&
    weight.ndim === 4 &&
    !weight.shape.includes(0) &&
    groups >= 1 &&
    filters === inChannels &&
    filters % groups === 0 &&
    (!bias || (bias.ndim === 1 && bias.shape[0] === outChannels)) &&
    size.every((length) => length >= 1);
  if (!fits) {
    throw new ShapeError('convTranspose2d', 'the sizes do not fit', {
      takes: 'input [N, C, H, W] or [C, H, W], weight [C, M / groups, KH, KW], bias [M], a result of pixels',
      got: `input ${describe(input)}, weight ${describe(weight)}${bias ? `, bias ${describe(bias)}` : ''}`,
      where: `groups = ${groups}`,
    });
  }
  if (extra.some((each, axis) => each >= Math.max(stride[axis]!, dilation[axis]!))) {
    throw new ArgumentError('convTranspose2d', 'invalid outputPadding', {
      takes: 'less than the stride or the dilation',
      got: `outputPadding [${extra.join(', ')}]`,
    });
  }
  const sizes: Convolution = {
    batch: input.ndim === 4 ? input.shape[0]! : 1,
    groups,
    channels,
    outChannels: filters / groups,
    size,
    outSize,
    kernel: kernel as unknown as Sides,
    // A step past the only position leads nowhere: see `conv2d`.
    stride: stride.map((step, axis) => (outSize[axis] === 1 ? Math.min(step, size[axis]!) : step)) as [
      number,
      number,
    ],
    padding,
    dilation,
  };
  return scope(() => {
    const images = inputGradient(input.ndim === 4 ? input : input.unsqueeze(0), weight, sizes);
    const out = bias ? images.add(bias.reshape([outChannels, 1, 1])) : images;
    return input.ndim === 4 ? out : out.squeeze(0);
  });
}
