// The plain twins of kernels/conv2d.wgsl, conv2dInputGradient.wgsl and conv2dWeightGradient.wgsl.
//
// An image of one group unfolds to a matrix: columns[(c, i, j), (y, x)] = input[c, y·SY + i·DY - PY, x·SX + j·DX - PX],
// zero outside the image. With K = C·KH·KW and P = outHeight·outWidth, each twin is one matrix product per image:
//
//   conv2d                out     [M, P] = weight [M, K] · columns [K, P]
//   conv2dInputGradient   columns [K, P] = weightᵀ [K, M] · gradient [M, P], folded back: added to their source pixels
//   conv2dWeightGradient  out     [M, K] = Σ gradient [M, P] · columnsᵀ [P, K], over images
//
// Numerics   float64 products and sums in one order, rounded once to the type of out: the same bits every time.

import type { Params } from '../backend.ts';
import type { Signatures } from '../signatures.ts';
import { type FloatArray, matmul, type MatmulParams } from './matmul.ts';
import type { Twin } from './twin.ts';

type Sizes = Pick<
  Params<'conv2d'>,
  'batch' | 'groups' | 'channels' | 'outChannels' | 'height' | 'width' | 'outHeight' | 'outWidth'
>;
/** The constants of a filter's window. */
export type Filter = Pick<
  Signatures['conv2d']['variant'],
  | 'KERNEL_HEIGHT'
  | 'KERNEL_WIDTH'
  | 'STRIDE_Y'
  | 'STRIDE_X'
  | 'PADDING_Y'
  | 'PADDING_X'
  | 'DILATION_Y'
  | 'DILATION_X'
>;

export const conv2d: Twin<'conv2d'> = (buffers, params, variant) => {
  const { input, weight, bias, out } = buffers as Record<keyof typeof buffers, FloatArray>;
  const { outChannels } = params;
  const { BIAS = false, RELU = false } = variant;
  const { depth, positions, pixels } = sizesOf(params, variant);
  const columns = new Float64Array(depth * positions);
  const sums = new Float64Array(outChannels * positions);
  for (let part = 0; part < params.batch * params.groups; part++) {
    const firstFilter = (part % params.groups) * outChannels;
    unfold(input, params.inputOffset + part * params.channels * pixels, columns, params, variant);
    matmul(
      { a: weight, b: columns, out: sums },
      product(outChannels, positions, depth, {
        aOffset: params.weightOffset + firstFilter * depth,
        aRowStride: depth,
        bRowStride: positions,
      }),
    );
    for (let m = 0; m < outChannels; m++) {
      const shift = BIAS ? bias[params.biasOffset + firstFilter + m]! : 0;
      const target = (part * outChannels + m) * positions;
      for (let p = 0; p < positions; p++) {
        const sum = sums[m * positions + p]! + shift;
        out[target + p] = RELU && sum < 0 ? 0 : sum;
      }
    }
  }
};

export const conv2dInputGradient: Twin<'conv2dInputGradient'> = (buffers, params, variant) => {
  const { gradient, weight, out } = buffers as Record<keyof typeof buffers, FloatArray>;
  const { channels, outChannels } = params;
  const { depth, positions, pixels } = sizesOf(params, variant);
  const columns = new Float64Array(depth * positions);
  const sums = new Float64Array(channels * pixels);
  for (let part = 0; part < params.batch * params.groups; part++) {
    matmul(
      { a: weight, b: gradient, out: columns },
      product(depth, positions, outChannels, {
        aOffset: params.weightOffset + (part % params.groups) * outChannels * depth,
        aColumnStride: depth,
        bOffset: params.gradientOffset + part * outChannels * positions,
        bRowStride: positions,
      }),
    );
    fold(columns, sums, params, variant);
    out.set(sums, part * channels * pixels);
  }
};

export const conv2dWeightGradient: Twin<'conv2dWeightGradient'> = (buffers, params, variant) => {
  const { gradient, input, out } = buffers as Record<keyof typeof buffers, FloatArray>;
  const { groups, channels, outChannels, outHeight, outWidth } = params;
  const { depth, positions, pixels } = sizesOf(params, variant);
  const lines = params.batch * outHeight;
  const columns = new Float64Array(depth * positions);
  const summand = new Float64Array(outChannels * depth);
  const sums = new Float64Array(outChannels * depth);
  for (let first = 0, at = params.outOffset; first < lines; first += params.chunk) {
    for (let group = 0; group < groups; group++, at += sums.length) {
      sums.fill(0);
      // A chunk may begin and end within an image.
      for (let line = first, last = Math.min(first + params.chunk, lines); line < last;) {
        const image = Math.floor(line / outHeight);
        const y = line % outHeight;
        const count = Math.min(outHeight - y, last - line);
        const part = image * groups + group;
        const length = count * outWidth;
        unfold(input, params.inputOffset + part * channels * pixels, columns, params, variant, y, count);
        matmul(
          { a: gradient, b: columns, out: summand },
          product(outChannels, depth, length, {
            aOffset: params.gradientOffset + part * outChannels * positions + y * outWidth,
            aRowStride: positions,
            bColumnStride: length,
          }),
        );
        for (let i = 0; i < sums.length; i++) sums[i]! += summand[i]!;
        line += count;
      }
      out.set(sums, at);
    }
  }
};

interface MatrixSizes {
  depth: number;
  positions: number;
  pixels: number;
}

function sizesOf(
  { channels, height, width, outHeight, outWidth }: Sizes,
  { KERNEL_HEIGHT, KERNEL_WIDTH }: Partial<Filter>,
): MatrixSizes {
  return {
    depth: channels * KERNEL_HEIGHT! * KERNEL_WIDTH!,
    positions: outHeight * outWidth,
    pixels: height * width,
  };
}

/** Parameters of one product. Strides default to 1. */
function product(m: number, n: number, k: number, rest: Partial<MatmulParams>): MatmulParams {
  const strides = { aRowStride: 1, aColumnStride: 1, bRowStride: 1, bColumnStride: 1 };
  const starts = { aOffset: 0, aBatchStride: 0, bOffset: 0, bBatchStride: 0 };
  return { m, n, k, batch: 1, chunk: Math.max(1, k), ...starts, ...strides, ...rest };
}

/** Writes the unfolded image, or its columns of `lines` lines from `first` on. */
function unfold(
  from: FloatArray,
  at: number,
  columns: Float64Array,
  sizes: Sizes,
  filter: Partial<Filter>,
  first: number = 0,
  lines: number = sizes.outHeight,
): void {
  const step = filter.STRIDE_X!;
  columns.fill(0, 0, (columns.length / sizes.outHeight) * lines);
  eachRun(sizes, filter, first, lines, (column, pixel, count) => {
    for (let i = 0; i < count; i++) columns[column + i] = from[at + pixel + i * step]!;
  });
}

function fold(columns: Float64Array, image: Float64Array, sizes: Sizes, filter: Partial<Filter>): void {
  const step = filter.STRIDE_X!;
  image.fill(0);
  eachRun(sizes, filter, 0, sizes.outHeight, (column, pixel, count) => {
    for (let i = 0; i < count; i++) image[pixel + i * step]! += columns[column + i]!;
  });
}

/**
 * Visits the parts of the unfolded image that lie inside the image: `count` elements from `column` on are pixels from
 * `pixel` on, STRIDE_X apart.
 */
function eachRun(
  { channels, height, width, outWidth }: Sizes,
  filter: Partial<Filter>,
  firstLine: number,
  lines: number,
  visit: (column: number, pixel: number, count: number) => void,
): void {
  const { KERNEL_HEIGHT, KERNEL_WIDTH, STRIDE_Y, STRIDE_X, PADDING_Y, PADDING_X, DILATION_Y, DILATION_X } =
    filter as Filter;
  let row = 0;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < KERNEL_HEIGHT; i++) {
      const top = firstLine * STRIDE_Y + i * DILATION_Y - PADDING_Y;
      for (let j = 0; j < KERNEL_WIDTH; j++, row++) {
        const left = j * DILATION_X - PADDING_X;
        const first = Math.max(0, Math.ceil(-left / STRIDE_X));
        const last = Math.min(outWidth, Math.ceil((width - left) / STRIDE_X));
        if (first >= last) continue;
        for (let line = 0; line < lines; line++) {
          const y = top + line * STRIDE_Y;
          if (y < 0 || y >= height) continue;
          const column = (row * lines + line) * outWidth + first;
          visit(column, (c * height + y) * width + left + first * STRIDE_X, last - first);
        }
      }
    }
  }
}
