// Convolutions of 3 × 3 between few channels: see kernels/wasm/threes.ts.

import type { Params } from '../../backend.ts';
import type { Filter as Window } from '../conv2d.ts';
import type { SimdModule } from './module.ts';
import { cutRuns, type Output } from './output.ts';
import { type Grid, lineBytes, planeBytes } from './paddedImage.ts';

/** With more channels, packing pays off. */
const MOST_CHANNELS = 3;

/** Rows of its panels of filters. */
export const THREES_ROWS = 4;

/** Whether the window and its number of channels are suitable. */
export function suitsThrees(window: Window, channels: number): boolean {
  const threes = [window.KERNEL_HEIGHT, window.KERNEL_WIDTH];
  const ones = [window.STRIDE_X, window.DILATION_Y, window.DILATION_X];
  return threes.every((three) => three === 3) && ones.every((one) => one === 1) && channels <= MOST_CHANNELS;
}

interface Threes extends Output {
  /** Addresses; filters as `packFilters` writes them. */
  image: number;
  filters: number;
  channels: number;
  strideY: number;
}

export function threes(module: SimdModule, grid: Grid, { parts, strideY, ...job }: Threes): void {
  const { rows, channels, height, width } = job;
  const runs = height * Math.ceil(width / 4);
  const { taskRuns, plan } = cutRuns(module, parts, runs, 9 * parts * rows * channels * height * width);
  module.run('threes', { ...job, ...imageSteps(grid, strideY), taskRuns }, plan);
}

/** Bytes between planes, between lines, and between the first lines that two consecutive outputs read. */
function imageSteps(grid: Grid, strideY: number): Record<'imagePlane' | 'imageLine' | 'imageStep', number> {
  const imageLine = lineBytes(grid);
  return { imagePlane: planeBytes(grid), imageLine, imageStep: strideY * imageLine };
}

/** Whether lines of the gradient consist of whole vectors. */
export function suitsThreesWeight(window: Window, channels: number, outWidth: number): boolean {
  return suitsThrees(window, channels) && outWidth % 4 === 0;
}

export function threesWeight(
  module: SimdModule,
  grid: Grid,
  places: Record<'gradient' | 'image' | 'out', number>,
  params: Params<'conv2dWeightGradient'>,
  strideY: number,
): void {
  const { batch, groups, channels, outChannels, outHeight, outWidth, chunk } = params;
  const lines = batch * outHeight;
  const sizes = { lines, chunk, groups, rows: outChannels, channels, height: outHeight, width: outWidth };
  const work = 9 * lines * outWidth * groups * outChannels * channels;
  const scratch = module.exports.threesWeightScratch(outChannels, channels);
  const plan = { tasks: Math.ceil(lines / chunk) * groups, work, scratch };
  module.run('threesWeight', { ...places, ...sizes, ...imageSteps(grid, strideY) }, plan);
}
