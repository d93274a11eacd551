import { checkAlike } from '../tensor/checks.ts';
import { type Maybe, signature } from '../tensor/arguments.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { either, INTEGER, oneOf, PAIR, TENSOR } from '../tensor/kinds.ts';
import { scope } from '../tensor/scope.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { type Convolution, convolve, type Sides } from './support/convolution.ts';
import { checkDtype } from './support/launch.ts';
import { type Pair, pairOf } from './support/pooling.ts';

/** Options of `conv2d`. Each is a number for both axes, or [height, width]. */
export interface Conv2dOptions {
  /** Pixels between two positions of the filter; 1 by default. */
  stride?: Pair;
  /**
   * Zeros around the image: above and below, left and right. 'valid', the default, is none. 'same' keeps the size and
   * requires a stride of 1; an odd zero goes below and on the right.
   */
  padding?: Pair | 'same' | 'valid';
  /** Pixels between two elements of the filter; 1 by default. */
  dilation?: Pair;
  /** The number of groups of channels; each filter reads one group. 1 by default. */
  groups?: number;
  /** An activation that the same launch applies to the result. */
  activation?: 'relu';
}

/** The optional arguments of `conv2d`: in this order, or the last of them by name. */
export type Conv2dArguments =
  | [bias?: Maybe<Tensor>, options?: Maybe<Conv2dOptions>]
  | [options: Conv2dOptions & { bias?: Maybe<Tensor> }]
  | [
      bias: Maybe<Tensor>,
      stride: Maybe<Pair>,
      padding?: Maybe<Pair | 'same' | 'valid'>,
      dilation?: Maybe<Pair>,
      groups?: Maybe<number>,
    ];

const takes = signature<Conv2dOptions & { bias?: Tensor }>(
  'conv2d',
  { input: TENSOR, weight: TENSOR },
  {
    bias: TENSOR,
    stride: PAIR,
    padding: either(PAIR, oneOf('same', 'valid')),
    dilation: PAIR,
    groups: INTEGER,
    activation: oneOf('relu'),
  },
  5,
);

/**
 * The convolution of images with a bank of filters. As usual in neural networks, the filter is not flipped:
 *
 *     out[n, m, y, x] = bias[m] + Σ_{c, i, j} input[n, c, y·s + i·d - p, x·s + j·d - p] · weight[m, c, i, j]
 *
 * with stride s, dilation d and padding p; the input is zero outside the image. An axis of `size` pixels becomes ⌊(size
 * + 2p - d·(k - 1) - 1) / s⌋ + 1. With groups, filters and channels are split into equal parts, and each part of the
 * filters reads its own part of the channels. groups = C is a depthwise convolution.
 *
 * @param input [N, C, H, W], or [C, H, W] for one image
 * @param weight [M, C / groups, KH, KW]
 * @param rest bias [M], or null; then stride, padding, dilation and groups, in order or by name
 * @returns [N, M, H', W'], or [M, H', W'] for one image
 * @throws ShapeError if the sizes do not fit, or the filter is larger than the padded image
 * @throws ArgumentError for an invalid stride, padding, dilation or number of groups
 * @throws DTypeError unless all are float32, or all float64
 * @example
 * const images = rand([64, 1, 28, 28]);
 * const filters = rand([32, 1, 3, 3], { requiresGrad: true });
 * conv2d(images, filters, null, { padding: 1 }); // float32[64, 32, 28, 28]
 *
 * Source: Dumoulin, Visin: A guide to convolution arithmetic for deep learning (2016).
 */
export function conv2d(input: Tensor, weight: Tensor, ...rest: Conv2dArguments): Tensor {
  const { bias, ...options } = takes([input, weight, ...rest]);
  checkAlike('conv2d', input, weight, ...(bias ? [bias] : []));
  checkDtype('conv2d', input, 'float32', 'float64');
  const sizes = sizesOf(input, weight, bias, options);
  const compute = isProduct(sizes) ? pointwise : convolve;
  const relu = options.activation === 'relu';
  if (input.ndim === 4) return compute(input, weight, bias, sizes, relu);
  return scope(() => compute(input.unsqueeze(0), weight, bias, sizes, relu).squeeze(0));
}

/** Whether each output is the product of one pixel's channels with the weights. */
function isProduct({ groups, kernel, stride, padding, size, outSize }: Convolution): boolean {
  const ones = [groups, ...kernel, ...stride].every((each) => each === 1);
  const inside = padding.every((each) => each === 0);
  return ones && inside && outSize[0] === size[0] && outSize[1] === size[1];
}

function pointwise(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  { batch, channels, outChannels, size }: Convolution,
  relu: boolean,
): Tensor {
  return scope(() => {
    const product = weight.reshape([outChannels, channels]).matmul(input.flatten(2));
    const image = product.reshape([batch, outChannels, ...size]);
    const sum = bias ? image.add(bias.reshape([outChannels, 1, 1])) : image;
    return relu ? sum.relu() : sum;
  });
}

/** Checks the operands and options, and computes all sizes. */
function sizesOf(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  { groups = 1, ...options }: Conv2dOptions,
): Convolution {
  const refuse = (problem: string, where?: string): never => {
    const shift = bias ? `, bias ${describe(bias)}` : '';
    throw new ShapeError('conv2d', problem, {
      takes: 'input [N, C, H, W] or [C, H, W], weight [M, C / groups, KH, KW], bias [M]',
      got: `input ${describe(input)}, weight ${describe(weight)}${shift}`,
      ...(where === undefined ? {} : { where }),
    });
  };
  if (!Number.isSafeInteger(groups) || groups < 1) {
    throw new ArgumentError('conv2d', 'invalid groups', {
      takes: 'an integer ≥ 1',
      got: `groups ${groups}`,
    });
  }
  const stride = pairOf('conv2d', 'stride', options.stride ?? 1, 1);
  const dilation = pairOf('conv2d', 'dilation', options.dilation ?? 1, 1);
  if (![3, 4].includes(input.ndim) || weight.ndim !== 4) refuse('not images and filters');
  const [inChannels, ...size] = input.shape.slice(-3) as [number, number, number];
  const [filters, channels, ...kernel] = weight.shape as [number, number, number, number];
  if (channels * groups !== inChannels) refuse('the channels do not fit', `groups = ${groups}`);
  if (filters % groups !== 0) refuse('the filters are not a multiple of groups', `groups = ${groups}`);
  if (bias && (bias.ndim !== 1 || bias.shape[0] !== filters))
    refuse('the bias does not fit', `M = ${filters}`);

  const extent: Sides = [dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1];
  const [before, total] = paddingOf(options.padding ?? 0, stride, extent);
  const padded: Sides = [size[0] + total[0], size[1] + total[1]];
  if (kernel[0] === 0 || kernel[1] === 0) refuse('the filter is empty');
  if (padded[0] < extent[0] || padded[1] < extent[1]) {
    refuse(
      'the filter is larger than the image',
      `the padded image is [${padded.join(', ')}], the dilated filter [${extent.join(', ')}]`,
    );
  }
  const outSize: Sides = [
    Math.floor((padded[0] - extent[0]) / stride[0]) + 1,
    Math.floor((padded[1] - extent[1]) / stride[1]) + 1,
  ];
  // A step past the only position leads nowhere. The gradient's kernels count pixels by their remainder modulo the step.
  const steps = stride.map((step, axis) =>
    outSize[axis] === 1 ? Math.min(step, Math.max(1, size[axis]!)) : step,
  ) as [number, number];
  const outChannels = filters / groups;
  const batch = input.ndim === 4 ? input.shape[0]! : 1;
  const sizes = { batch, groups, channels, outChannels, size, outSize, kernel };
  return { ...sizes, stride: steps, padding: before, dilation };
}

/** Zeros above and on the left, and zeros in all, for both axes. */
function paddingOf(padding: Pair | 'same' | 'valid', stride: Sides, extent: Sides): [Sides, Sides] {
  if (padding !== 'same') {
    const before = pairOf(
      'conv2d',
      'padding',
      padding === 'valid' ? 0 : padding,
      0,
      ", or 'same' or 'valid'",
    );
    return [before, [2 * before[0], 2 * before[1]]];
  }
  if (stride[0] !== 1 || stride[1] !== 1) {
    throw new ArgumentError('conv2d', "padding 'same' with a stride", {
      takes: "stride 1 with padding 'same'",
      got: `stride [${stride.join(', ')}]`,
    });
  }
  const total: Sides = [extent[0] - 1, extent[1] - 1];
  return [[Math.floor(total[0] / 2), Math.floor(total[1] / 2)], total];
}
