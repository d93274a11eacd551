import { checkAlike } from '../tensor/checks.ts';
import { ArgumentError, ShapeError } from '../tensor/errors.ts';
import { scope } from '../tensor/scope.ts';
import { describe, type Tensor } from '../tensor/tensor.ts';
import { type Convolution, convolve, type Pair } from './convolution.ts';
import { checkDtype } from './launch.ts';

/** Options of `conv2d`: each a number for both axes, or [height, width]. */
export interface Conv2dOptions {
  /** Pixels from one position of the filter to the next; 1 by default. */
  stride?: number | Pair;
  /**
   * Zeros put around the image: so many above and below, and left and right. 'valid' is none, the default; 'same' as
   * many as keep the size, an odd one below and on the right; it takes a stride of 1.
   */
  padding?: number | Pair | 'same' | 'valid';
  /** Pixels from one element of the filter to the next; 1 by default. */
  dilation?: number | Pair;
  /** Channels are cut into so many groups, and each filter sees one of them; 1 by default. */
  groups?: number;
}

const TAKES = 'input [N, C, H, W] or [C, H, W], weight [M, C / groups, KH, KW], bias [M]';

/**
 * The convolution of images with a bank of filters, as neural networks understand it (the filter is not flipped):
 *
 *     out[n, m, y, x] = bias[m] + Σ_{c, i, j} input[n, c, y·s + i·d - p, x·s + j·d - p] · weight[m, c, i, j]
 *
 * with stride s, dilation d and padding p; outside the image the input is zero. An axis of `size` pixels becomes
 * ⌊(size + 2p - d·(k - 1) - 1) / s⌋ + 1. With groups, filters and channels are cut into as many equal parts, and each
 * part of the filters sees its own part of the channels; groups = C is a depthwise convolution.
 *
 * @param input [N, C, H, W], or [C, H, W] for one image
 * @param weight [M, C / groups, KH, KW]
 * @param bias [M]
 * @returns [N, M, H', W'], or [M, H', W'] for one image
 * @throws ShapeError when the sizes do not fit, or the filter is larger than the padded image
 * @throws ArgumentError for a stride, padding, dilation or number of groups that is none
 * @throws DTypeError unless all are float32, or float64
 * @example
 * const images = rand([64, 1, 28, 28]);
 * const filters = rand([32, 1, 3, 3], { requiresGrad: true });
 * conv2d(images, filters, undefined, { padding: 1 }); // float32[64, 32, 28, 28]
 *
 * Source: Dumoulin, Visin: A guide to convolution arithmetic for deep learning (2016).
 */
export function conv2d(input: Tensor, weight: Tensor, bias?: Tensor, options: Conv2dOptions = {}): Tensor {
  checkAlike('conv2d', input, weight, ...(bias ? [bias] : []));
  checkDtype('conv2d', input, 'float32', 'float64');
  if (input.ndim === 3 && weight.ndim === 4) {
    return scope(() => conv2d(input.unsqueeze(0), weight, bias, options).squeeze(0));
  }
  const sizes = sizesOf(input, weight, bias, options);
  return isProduct(sizes) ? pointwise(input, weight, bias) : convolve(input, weight, bias, sizes);
}

/** Whether each output is a product of one pixel's channels with the weights. */
function isProduct({ groups, kernel, stride, size, outSize }: Convolution): boolean {
  const ones = [groups, ...kernel, ...stride].every((each) => each === 1);
  return ones && outSize[0] === size[0] && outSize[1] === size[1];
}

function pointwise(input: Tensor, weight: Tensor, bias: Tensor | undefined): Tensor {
  return scope(() => {
    const [filters, ...rest] = weight.shape as [number, number];
    const product = weight.reshape([filters, rest[0]]).matmul(input.flatten(2));
    const [batch, , height, width] = input.shape as [number, number, number, number];
    const image = product.reshape([batch, filters, height, width]);
    return bias ? image.add(bias.reshape([filters, 1, 1])) : image;
  });
}

function sizesOf(
  input: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  options: Conv2dOptions,
): Convolution {
  const got = `input ${describe(input)}, weight ${describe(weight)}${bias ? `, bias ${describe(bias)}` : ''}`;
  const refuse = (problem: string, where?: string): never => {
    throw new ShapeError('conv2d', problem, { takes: TAKES, got, ...(where ? { where } : {}) });
  };
  const { groups = 1 } = options;
  if (!Number.isSafeInteger(groups) || groups < 1) {
    throw new ArgumentError('conv2d', 'no such number of groups', {
      takes: 'a whole number from 1 on',
      got: `groups ${groups}`,
    });
  }
  const stride = pair('stride', options.stride ?? 1, 1);
  const dilation = pair('dilation', options.dilation ?? 1, 1);
  if (input.ndim !== 4 || weight.ndim !== 4) refuse('not images and filters');
  const [batch, allChannels, height, width] = input.shape as [number, number, number, number];
  const [filters, channels, ...kernel] = weight.shape as [number, number, number, number];
  if (channels * groups !== allChannels) {
    refuse(
      'the channels do not fit',
      groups === 1 ? undefined : `${groups} groups of ${channels} channels would make ${channels * groups}`,
    );
  }
  if (filters % groups !== 0) refuse('the filters are no multiple of the groups', `groups = ${groups}`);
  if (bias && (bias.ndim !== 1 || bias.shape[0] !== filters))
    refuse('the bias does not fit', `M = ${filters}`);
  const size = [height, width] as const;
  const extent = ([0, 1] as const).map((axis) => dilation[axis] * (kernel[axis] - 1) + 1);
  const { before, total } = paddingOf(options.padding ?? 0, stride, extent);
  const outSize = ([0, 1] as const).map((axis) => {
    const padded = size[axis] + total[axis]!;
    if (kernel[axis] < 1 || padded < extent[axis]!) {
      refuse(
        kernel[axis] < 1 ? 'the filter is empty' : 'the filter is larger than the padded image',
        `${axis === 0 ? 'height' : 'width'} ${padded} with padding, filter ${extent[axis]!} with dilation`,
      );
    }
    return Math.floor((padded - extent[axis]!) / stride[axis]) + 1;
  });
  return {
    batch,
    groups,
    channels,
    outChannels: filters / groups,
    size,
    outSize: outSize as unknown as Pair,
    kernel,
    stride,
    padding: before,
    dilation,
  };
}

/** Zeros above and on the left, and in all, for each axis. */
function paddingOf(
  padding: number | Pair | 'same' | 'valid',
  stride: Pair,
  extent: readonly number[],
): { before: Pair; total: readonly number[] } {
  if (padding !== 'same') {
    const before = pair('padding', padding === 'valid' ? 0 : padding, 0);
    return { before, total: [2 * before[0], 2 * before[1]] };
  }
  if (stride[0] !== 1 || stride[1] !== 1) {
    throw new ArgumentError('conv2d', "padding 'same' keeps no size here", {
      takes: "stride 1 with padding 'same'",
      got: `stride [${stride.join(', ')}]`,
    });
  }
  const total = extent.map((length) => length - 1);
  return { before: [Math.floor(total[0]! / 2), Math.floor(total[1]! / 2)], total };
}

function pair(what: string, value: number | Pair, least: number): Pair {
  const both: readonly number[] = typeof value === 'number' ? [value, value] : value;
  const fits = both.length === 2 && both.every((each) => Number.isSafeInteger(each) && each >= least);
  if (fits) return both as Pair;
  throw new ArgumentError('conv2d', `no such ${what}`, {
    takes:
      `a whole number from ${least} on, or two of them [height, width]` +
      (what === 'padding' ? ", or 'same' or 'valid'" : ''),
    got: `${what} ${JSON.stringify(value)}`,
  });
}
