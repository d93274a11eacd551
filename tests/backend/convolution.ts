import type { Backend, Params } from '../../src/backend/backend.ts';
import type { Filter } from '../../src/backend/cpu/conv2d.ts';
import type { TypedArray } from '../../src/backend/dtypes.ts';
import { philox4x32 } from '../../src/backend/philox.ts';

export type ConvolutionParams = Params<'conv2d'> &
  Params<'conv2dInputGradient'> &
  Params<'conv2dWeightGradient'>;
export type ConvolutionVariant = Filter;

/** One convolution for the kernels themselves: operands that start at an offset. */
export interface ConvolutionCase {
  name: string;
  params: ConvolutionParams;
  filter: ConvolutionVariant;
}

type Pair = readonly [number, number];

interface Sizes {
  batch?: number;
  groups?: number;
  /** Of one group. */
  channels: number;
  outChannels: number;
  size: Pair;
  kernel: Pair;
  stride?: Pair;
  padding?: Pair;
  dilation?: Pair;
  chunk: number;
}

function convolutionCase(name: string, sizes: Sizes): ConvolutionCase {
  const { batch = 2, groups = 1, channels, outChannels, size, kernel, chunk } = sizes;
  const { stride = [1, 1], padding = [0, 0], dilation = [1, 1] } = sizes;
  const out = (axis: 0 | 1): number =>
    Math.floor((size[axis] + 2 * padding[axis] - dilation[axis] * (kernel[axis] - 1) - 1) / stride[axis]) + 1;
  const [outHeight, outWidth] = [out(0), out(1)];
  const [height, width] = size;
  const offsets = { inputOffset: 3, weightOffset: 5, biasOffset: 2, gradientOffset: 7, outOffset: 6 };
  return {
    name,
    params: { batch, groups, channels, outChannels, height, width, outHeight, outWidth, chunk, ...offsets },
    filter: {
      KERNEL_HEIGHT: kernel[0],
      KERNEL_WIDTH: kernel[1],
      STRIDE_Y: stride[0],
      STRIDE_X: stride[1],
      PADDING_Y: padding[0],
      PADDING_X: padding[1],
      DILATION_Y: dilation[0],
      DILATION_X: dilation[1],
    },
  };
}

/** No two sizes alike in height and width. */
const asymmetric: Sizes = {
  batch: 3,
  groups: 2,
  channels: 2,
  outChannels: 3,
  size: [11, 9],
  kernel: [3, 2],
  stride: [3, 2],
  padding: [2, 1],
  dilation: [2, 3],
  chunk: 2,
};

/** Small convolutions with all that a kernel has to get right; chunks that divide nothing. */
export const convolutionCases: readonly ConvolutionCase[] = [
  convolutionCase('3 × 3, padded', {
    channels: 4,
    outChannels: 6,
    size: [5, 6],
    kernel: [3, 3],
    padding: [1, 1],
    chunk: 3,
  }),
  convolutionCase('more channels than a tile, odd width', {
    channels: 33,
    outChannels: 35,
    size: [4, 5],
    kernel: [2, 1],
    chunk: 4,
  }),
  convolutionCase('asymmetric in all', asymmetric),
  convolutionCase('asymmetric in all, longer sums', { ...asymmetric, channels: 5 }),
  convolutionCase('one channel, more filters than a tile', {
    channels: 1,
    outChannels: 35,
    size: [7, 9],
    kernel: [3, 3],
    padding: [1, 1],
    chunk: 4,
  }),
  convolutionCase('3 × 3 with many channels, odd sizes', {
    groups: 2,
    channels: 9,
    outChannels: 10,
    size: [7, 13],
    kernel: [3, 3],
    padding: [1, 0],
    chunk: 5,
  }),
  convolutionCase('3 × 3 with many channels, padded widely', {
    channels: 8,
    outChannels: 8,
    size: [4, 6],
    kernel: [3, 3],
    padding: [3, 2],
    chunk: 8,
  }),
  convolutionCase('depthwise, in one chunk', {
    groups: 5,
    channels: 1,
    outChannels: 1,
    size: [7, 6],
    kernel: [3, 3],
    padding: [1, 1],
    chunk: 14,
  }),
];

/** What the kernels compute, by the formulas as they stand. */
export interface ConvolutionResults {
  forward: number[];
  inputGradient: number[];
  /** One part a split, one after the other. */
  weightGradient: number[];
}

/** Operands of a case: numbers in [-1, 1), the same for a case on every backend. */
export interface ConvolutionOperands {
  input: Float32Array;
  weight: Float32Array;
  bias: Float32Array;
  gradient: Float32Array;
}

export function operandsOf({ params, filter }: ConvolutionCase): ConvolutionOperands {
  const { batch, groups, channels, outChannels, height, width, outHeight, outWidth } = params;
  const numbers = (stream: number, size: number): Float32Array =>
    Float32Array.from({ length: size }, (_, at) => philox4x32([at, stream, 0, 0], [1, 2])[0] / 2 ** 31 - 1);
  const taps = filter.KERNEL_HEIGHT * filter.KERNEL_WIDTH;
  return {
    input: numbers(0, params.inputOffset + batch * groups * channels * height * width),
    weight: numbers(1, params.weightOffset + groups * outChannels * channels * taps),
    bias: numbers(2, params.biasOffset + groups * outChannels),
    gradient: numbers(3, params.gradientOffset + batch * groups * outChannels * outHeight * outWidth),
  };
}

/** The definition: every product of the trilinear form, added in float64 to the three results that it is part of. */
export function definition(
  { params, filter }: ConvolutionCase,
  { input, weight, bias, gradient }: ConvolutionOperands,
): ConvolutionResults {
  const { batch, groups, channels, outChannels, height, width, outHeight, outWidth, chunk } = params;
  const { KERNEL_HEIGHT, KERNEL_WIDTH } = filter;
  const lines = batch * outHeight;
  const weights = groups * outChannels * channels * KERNEL_HEIGHT * KERNEL_WIDTH;
  const forward = new Array<number>(lines * outWidth * groups * outChannels).fill(0);
  const inputGradient = new Array<number>(batch * groups * channels * height * width).fill(0);
  const weightGradient = new Array<number>(Math.ceil(lines / chunk) * weights).fill(0);
  forward.forEach((_, at) => {
    const x = at % outWidth;
    const y = Math.floor(at / outWidth) % outHeight;
    const plane = Math.floor(at / (outWidth * outHeight));
    const filterIndex = plane % (groups * outChannels);
    const image = Math.floor(plane / (groups * outChannels));
    const split = Math.floor((image * outHeight + y) / chunk);
    forward[at]! += bias[params.biasOffset + filterIndex]!;
    for (let c = 0; c < channels; c++) {
      const channel = Math.floor(filterIndex / outChannels) * channels + c;
      for (let i = 0; i < KERNEL_HEIGHT; i++) {
        for (let j = 0; j < KERNEL_WIDTH; j++) {
          const inputY = y * filter.STRIDE_Y + i * filter.DILATION_Y - filter.PADDING_Y;
          const inputX = x * filter.STRIDE_X + j * filter.DILATION_X - filter.PADDING_X;
          if (inputY < 0 || inputY >= height || inputX < 0 || inputX >= width) continue;
          const inputAt = ((image * groups * channels + channel) * height + inputY) * width + inputX;
          const weightAt = ((filterIndex * channels + c) * KERNEL_HEIGHT + i) * KERNEL_WIDTH + j;
          const pixel = input[params.inputOffset + inputAt]!;
          const factor = weight[params.weightOffset + weightAt]!;
          const slope = gradient[params.gradientOffset + at]!;
          forward[at]! += pixel * factor;
          inputGradient[inputAt]! += slope * factor;
          weightGradient[split * weights + weightAt]! += slope * pixel;
        }
      }
    }
  });
  return { forward, inputGradient, weightGradient };
}

/** Runs the three kernels on a device. */
export async function convolveOn(
  device: Backend,
  { params, filter }: ConvolutionCase,
  operands: ConvolutionOperands,
  epilogue: { BIAS: boolean; RELU: boolean },
): Promise<Record<keyof ConvolutionResults, TypedArray>> {
  const { batch, groups, channels, outChannels, height, width, outHeight, outWidth } = params;
  const { inputOffset, weightOffset, biasOffset, gradientOffset, outOffset, chunk } = params;
  const sizes = { batch, groups, channels, outChannels, height, width, outHeight, outWidth };
  const upload = (values: Float32Array) => {
    const buffer = device.allocate('float32', values.length);
    device.write(buffer, values);
    return buffer;
  };
  const [input, weight, bias, gradient] = [
    upload(operands.input),
    upload(operands.weight),
    upload(operands.bias),
    upload(operands.gradient),
  ];
  const splits = Math.ceil((batch * outHeight) / chunk);
  const taps = filter.KERNEL_HEIGHT * filter.KERNEL_WIDTH;
  const out = device.allocate('float32', batch * groups * outChannels * outHeight * outWidth);
  const slopes = device.allocate('float32', batch * groups * channels * height * width);
  const parts = device.allocate('float32', outOffset + splits * groups * outChannels * channels * taps);
  device.run(
    'conv2d',
    { input, weight, bias, out },
    { ...sizes, inputOffset, weightOffset, biasOffset },
    { ...filter, ...epilogue },
  );
  device.run(
    'conv2dInputGradient',
    { gradient, weight, out: slopes },
    { ...sizes, gradientOffset, weightOffset },
    filter,
  );
  device.run(
    'conv2dWeightGradient',
    { gradient, input, out: parts },
    { ...sizes, chunk, gradientOffset, inputOffset, outOffset },
    filter,
  );
  const results = {
    forward: await device.read(out, 0, out.length),
    inputGradient: await device.read(slopes, 0, slopes.length),
    weightGradient: await device.read(parts, outOffset, parts.length - outOffset),
  };
  for (const buffer of [input, weight, bias, gradient, out, slopes, parts]) device.release(buffer);
  return results;
}

/**
 * How far float32 sums may be from the results, in the units of `farthest`: n · u for sums of n products, u = 2^-24.
 *
 * Each of n additions rounds the sum so far by at most u of it: 0.4 u at root mean square. Factors lie evenly in [-1, 1), so
 * that a product is 1/3 at root mean square, and a sum of k of them √k / 3. Added up, n independent roundings make 0.1 n u at
 * root mean square, in any order of the sum, with a fused multiplication or without: a tenth of the bound.
 */
export function roundingBounds({
  params,
  filter,
}: ConvolutionCase): Record<keyof ConvolutionResults, number> {
  const { channels, outChannels, outWidth, chunk } = params;
  const taps = filter.KERNEL_HEIGHT * filter.KERNEL_WIDTH;
  const unit = 2 ** -24;
  return {
    // The bias is a term as well.
    forward: (channels * taps + 1) * unit,
    inputGradient: outChannels * taps * unit,
    weightGradient: chunk * outWidth * unit,
  };
}

/** The largest difference, beyond 1 in units of the number; NaN and infinities are 0 from themselves. */
export function farthest(found: TypedArray, expected: readonly number[]): number {
  if (found.length !== expected.length) return Infinity;
  return expected.reduce((most, value, at) => {
    if (Object.is(found[at], value)) return most;
    return Math.max(most, Math.abs(found[at]! - value) / Math.max(1, Math.abs(value)));
  }, 0);
}
