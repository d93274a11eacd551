// Launches of the convolution and its two gradients. Each pads the images with zeros where the filter extends past the
// edge, writes a table of the offsets of filter elements from a pixel, and posts the product as a job.

import type { Params } from '../../backend.ts';
import type { Filter as Window } from '../conv2d.ts';
import type { Fields } from './jobs.ts';
import type { SimdModule } from './module.ts';
import { cutRuns, type Output } from './output.ts';
import { type Grid, lineBytes, padded, planeBytes, zeroPlanes } from './paddedImage.ts';
import { address, fits, type SimdTwin } from './simdTwin.ts';
import { strideTwo, strideTwoGradient, strideTwoWeight, suitsStrideTwo } from './strideTwo.ts';
import { suitsThrees, suitsThreesWeight, threes, THREES_ROWS, threesWeight } from './threes.ts';
import { convolveTiles } from './tiled.ts';
import { sumTiles } from './tiledWeight.ts';
import { suitsWinograd, winograd } from './winograd.ts';
import { winogradWeight } from './winogradWeight.ts';

/** Steps of one block, as in kernels/wasm/convolution.ts. */
const DEPTH = 256;

export const conv2d: SimdTwin<'conv2d'> = (module, buffers, params, variant) => {
  const { input, weight, bias, out } = buffers;
  const { BIAS = false, RELU = false } = variant;
  if (!fits(input, weight, bias, out)) return false;
  const { batch, groups, channels, outChannels, outHeight, outWidth } = params;
  const window = variant as Window;
  const depth = channels * window.KERNEL_HEIGHT * window.KERNEL_WIDTH;
  const positions = outHeight * outWidth;
  const output = {
    ...{
      out: address(out),
      bias: address(bias, params.biasOffset),
      hasBias: Number(BIAS),
      relu: Number(RELU),
    },
    ...{ parts: batch * groups, groups, rows: outChannels, height: outHeight, width: outWidth },
  };
  const places = { image: address(input, params.inputOffset), filters: address(weight, params.weightOffset) };
  if (suitsWinograd(window, channels, outChannels)) {
    const done = winograd(module, {
      ...{ ...output, ...places, depth: channels, inHeight: params.height, inWidth: params.width },
      ...{ top: window.PADDING_Y, left: window.PADDING_X },
      ...{ rowStride: 4 * depth, depthStride: 36, flipped: false },
    });
    if (done) return true;
  }
  if (suitsStrideTwo(window, channels, outChannels, outHeight, outWidth)) {
    const job = {
      ...{ ...output, ...places, depth: channels, inHeight: params.height, inWidth: params.width },
      ...{ top: window.PADDING_Y, left: window.PADDING_X },
      ...{ rowStride: 4 * depth, depthStride: 36, flipped: false },
    };
    if (convolveTiles(module, job, strideTwo)) return true;
  }
  const grid = inputGrid(params, window);
  const offsets = windowOffsets(channels, grid, window);
  const image = padded(module, places.image, batch * groups * channels, grid);
  const whole = {
    ...{ from: places.filters, groups, rows: outChannels, rowStride: 4 * depth },
    elements: offsets.map((_, p) => 4 * p),
  };
  if (suitsThrees(window, channels)) {
    const filters = packed(module, whole, THREES_ROWS);
    threes(module, grid, { ...output, image, filters, channels, strideY: window.STRIDE_Y });
    return true;
  }
  runWindows(module, {
    ...{ ...output, image, filters: packed(module, whole), offsets: table(module, offsets), depth },
    ...{ imagePart: channels * planeBytes(grid), imageLine: window.STRIDE_Y * lineBytes(grid) },
    imageStep: 4 * window.STRIDE_X,
    ...{ outPart: 4 * outChannels * positions, outRow: 4 * positions, outLine: 4 * outWidth, outStep: 4 },
  });
  return true;
};

/**
 * Pixel y of the gradient receives output (y + PY - i·DY) / SY for every filter row i for which that is an integer. The
 * pixels with one remainder modulo SY, and one modulo SX, are therefore a separate convolution of stride 1.
 */
export const conv2dInputGradient: SimdTwin<'conv2dInputGradient'> = (module, buffers, params, variant) => {
  const { gradient, weight, out } = buffers;
  if (!fits(gradient, weight, out)) return false;
  const { batch, groups, channels, outChannels, height, width, outHeight, outWidth } = params;
  const window = variant as Window;
  const { KERNEL_HEIGHT, KERNEL_WIDTH, STRIDE_Y, STRIDE_X } = window;
  const output = {
    ...{ out: address(out), bias: 0, hasBias: 0, relu: 0 },
    ...{ parts: batch * groups, groups, rows: channels, height, width },
  };
  const places = {
    image: address(gradient, params.gradientOffset),
    filters: address(weight, params.weightOffset),
  };
  if (suitsWinograd(window, channels, outChannels)) {
    const done = winograd(module, {
      ...{ ...output, ...places, depth: outChannels, inHeight: outHeight, inWidth: outWidth },
      ...{ top: 2 - window.PADDING_Y, left: 2 - window.PADDING_X },
      ...{ rowStride: 36, depthStride: 36 * channels, flipped: true },
    });
    if (done) return true;
  }
  const { PADDING_Y, PADDING_X, DILATION_Y, DILATION_X } = window;
  const strideTwoSuits = suitsStrideTwo(window, channels, outChannels, outHeight, outWidth);
  if (strideTwoSuits && PADDING_Y === 1 && PADDING_X === 1) {
    const job = {
      ...{ ...output, ...places, depth: outChannels, inHeight: outHeight, inWidth: outWidth },
      ...{ top: 0, left: 0, rowStride: 36, depthStride: 36 * channels, flipped: true },
    };
    if (convolveTiles(module, job, strideTwoGradient)) return true;
  }
  const rows = remainders(height, outHeight, KERNEL_HEIGHT, STRIDE_Y, PADDING_Y, DILATION_Y);
  const columns = remainders(width, outWidth, KERNEL_WIDTH, STRIDE_X, PADDING_X, DILATION_X);
  const [top, bottom] = reach(rows);
  const [left, right] = reach(columns);
  // Pixels that no window sees.
  if ([...rows, ...columns].some(({ taps }) => taps.length === 0)) {
    zeroPlanes(module, output.out, batch * groups * channels, height, width);
    if (top === bottom || left === right) return true;
  }
  const grid: Grid = {
    ...{ height: outHeight, width: outWidth, top: -top, left: -left },
    ...{ paddedHeight: bottom - top, run: right - left },
  };
  const area = KERNEL_HEIGHT * KERNEL_WIDTH;
  const filterBytes = 4 * channels * area;
  const image = padded(module, places.image, batch * groups * outChannels, grid);
  const [seenRows, seenColumns] = [rows, columns].map((all) => all.filter(({ taps }) => taps.length > 0));
  for (const row of seenRows!) {
    for (const column of seenColumns!) {
      const offsets: number[] = [];
      const elements: number[] = [];
      for (let m = 0; m < outChannels; m++) {
        for (const [i, y] of row.taps) {
          for (const [j, x] of column.taps) {
            offsets.push(m * planeBytes(grid) + (y - top) * lineBytes(grid) + 4 * (x - left));
            elements.push(m * filterBytes + 4 * (i * KERNEL_WIDTH + j));
          }
        }
      }
      const filters = packed(module, {
        ...{ from: places.filters, groups, rows: channels, rowStride: 4 * area, elements },
        groupStride: outChannels * filterBytes,
      });
      runWindows(module, {
        ...{ ...output, out: address(out, row.first * width + column.first) },
        ...{ height: row.count, width: column.count, image, filters },
        ...{ offsets: table(module, offsets), depth: offsets.length },
        ...{ imagePart: outChannels * planeBytes(grid), imageLine: lineBytes(grid), imageStep: 4 },
        ...{ outPart: 4 * channels * height * width, outRow: 4 * height * width },
        ...{ outLine: 4 * STRIDE_Y * width, outStep: 4 * STRIDE_X },
      });
    }
  }
  return true;
};

export const conv2dWeightGradient: SimdTwin<'conv2dWeightGradient'> = (module, buffers, params, variant) => {
  const { gradient, input, out } = buffers;
  if (!fits(gradient, input, out)) return false;
  const { batch, groups, channels, outChannels, outHeight, outWidth, chunk } = params;
  const window = variant as Window;
  const places = {
    gradient: address(gradient, params.gradientOffset),
    image: address(input, params.inputOffset),
    out: address(out, params.outOffset),
  };
  const winogradSuits = suitsWinograd(window, channels, outChannels);
  if (winogradSuits && winogradWeight(module, places, params, window)) return true;
  // The sums of the definition have no gaps, unlike its tiles of outputs.
  const strideTwoSuits = suitsStrideTwo(window, channels, outChannels, outHeight, outWidth, 0.9);
  if (strideTwoSuits && sumTiles(module, places, params, window, strideTwoWeight)) return true;
  const grid = inputGrid(params, window);
  places.image = padded(module, places.image, batch * groups * channels, grid);
  if (suitsThreesWeight(window, channels, outWidth)) {
    threesWeight(module, grid, places, params, window.STRIDE_Y);
    return true;
  }
  const offsets = windowOffsets(channels, grid, window);
  const columns = offsets.length;
  const lines = batch * outHeight;
  const parts = Math.ceil(lines / chunk) * groups;
  const work = lines * outWidth * groups * outChannels * columns;
  const threads = module.threadsFor(work);
  const cuts = Math.ceil((threads === 1 ? 1 : 2 * threads) / parts);
  const taskColumns = Math.ceil(columns / cuts / 8) * 8;
  const blockLines = Math.max(1, Math.min(outHeight, Math.floor(DEPTH / outWidth)));
  const scratch = module.exports.weightScratch(outChannels, taskColumns, blockLines * outWidth);
  const fields = {
    ...{ ...places, offsets: table(module, offsets), lines, chunk, groups, rows: outChannels, columns },
    ...{ height: outHeight, width: outWidth, blockLines, taskColumns },
    ...{ imagePart: channels * planeBytes(grid), imageLine: window.STRIDE_Y * lineBytes(grid) },
    imageStep: 4 * window.STRIDE_X,
  };
  module.run('weight', fields, { tasks: parts * Math.ceil(columns / taskColumns), work, scratch });
  return true;
};

/** The pixels that a convolution reads: the image itself, where it needs no padding. */
function inputGrid(
  params: Omit<Params<'conv2dInputGradient'>, 'gradientOffset' | 'weightOffset'>,
  window: Window,
): Grid {
  const { height, width, outHeight, outWidth } = params;
  const [top, left] = [window.PADDING_Y, window.PADDING_X];
  const extent = (outputs: number, stride: number, kernel: number, dilation: number): number =>
    (outputs - 1) * stride + (kernel - 1) * dilation + 1;
  const lines = extent(outHeight, window.STRIDE_Y, window.KERNEL_HEIGHT, window.DILATION_Y);
  const columns = extent(outWidth, window.STRIDE_X, window.KERNEL_WIDTH, window.DILATION_X);
  const isWhole = top === 0 && left === 0 && lines <= height && columns <= width;
  return { height, width, top, left, paddedHeight: isWhole ? height : lines, run: isWhole ? width : columns };
}

/** The position of element (c, i, j) of a filter, in bytes from the start of the filter. */
function windowOffsets(channels: number, grid: Grid, window: Window): number[] {
  const { KERNEL_HEIGHT, KERNEL_WIDTH, DILATION_Y, DILATION_X } = window;
  const offsets: number[] = [];
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < KERNEL_HEIGHT; i++) {
      for (let j = 0; j < KERNEL_WIDTH; j++) {
        offsets.push(c * planeBytes(grid) + i * DILATION_Y * lineBytes(grid) + 4 * j * DILATION_X);
      }
    }
  }
  return offsets;
}

/**
 * The pixels `first`, `first` + stride, …, and for each filter element that brings one of them into an output the
 * output of the first pixel, which may lie outside the range.
 */
interface Remainder {
  first: number;
  count: number;
  taps: [element: number, output: number][];
}

function remainders(
  length: number,
  outputs: number,
  kernel: number,
  stride: number,
  padding: number,
  dilation: number,
): Remainder[] {
  return Array.from({ length: Math.min(stride, length) }, (_, first) => {
    const count = Math.ceil((length - first) / stride);
    const taps = Array.from({ length: kernel }, (_, element): [number, number] => [
      element,
      (first + padding - element * dilation) / stride,
    ]);
    const exists = (output: number): boolean => output + count > 0 && output < outputs;
    return {
      first,
      count,
      taps: taps.filter(([, output]) => Number.isInteger(output) && exists(output)),
    };
  });
}

/** The range of outputs that the pixels read; empty if they read none. */
function reach(all: readonly Remainder[]): [from: number, to: number] {
  let [first, last] = [Infinity, -Infinity];
  for (const { count, taps } of all) {
    for (const [, output] of taps) {
      first = Math.min(first, output);
      last = Math.max(last, output + count);
    }
  }
  return first < last ? [first, last] : [0, 0];
}

/** The address of a table of byte offsets. */
function table(module: SimdModule, offsets: readonly number[]): number {
  const words = module.words(module.take(4 * offsets.length), offsets.length);
  words.set(offsets);
  return words.byteOffset;
}

interface Filters {
  from: number;
  groups: number;
  rows: number;
  /** Bytes between two rows, and between two groups. If rows are adjacent, this covers all of them. */
  rowStride: number;
  groupStride?: number;
  /** The positions of a row's elements, in bytes. */
  elements: readonly number[];
}

/** The address of filters as panels. */
function packed(
  module: SimdModule,
  filters: Filters,
  panelRows: number = module.exports.panelRows(),
): number {
  const { from, groups, rows, rowStride, groupStride = rows * rowStride, elements } = filters;
  const depth = elements.length;
  const to = module.take(4 * groups * Math.ceil(rows / panelRows) * panelRows * depth);
  const offsets = table(module, elements);
  module.exports.packFilters(from, to, offsets, groups, groupStride, rows, rowStride, depth, panelRows);
  return to;
}

/** The fields of a job over windows, except its division into tasks. */
type Windows = Output & Omit<Fields['window'], keyof Output | 'taskRuns'>;

function runWindows(module: SimdModule, { parts, ...job }: Windows): void {
  const { rows, depth, height, width } = job;
  const runs = height * Math.ceil(width / 4);
  const { taskRuns, plan } = cutRuns(module, parts, runs, parts * rows * depth * height * width);
  module.run('window', { ...job, taskRuns }, { ...plan, scratch: module.exports.windowScratch(rows) });
}
