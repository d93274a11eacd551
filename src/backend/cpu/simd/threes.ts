// Convolutions of 3 × 3 between few channels: see kernels/wasm/threes.ts.

import type { Params } from '../../backend.ts';
import type { Filter as Window } from '../conv2d.ts';
import type { SimdModule } from './module.ts';
import { type Grid, lineBytes, planeBytes } from './paddedImage.ts';

/** Channels from which on packing pays. */
const MOST_CHANNELS = 3;

/** Whether the window, and the number of channels that it sees, suit it. */
export function suitsThrees(window: Window, channels: number): boolean {
  const threes = [window.KERNEL_HEIGHT, window.KERNEL_WIDTH];
  const ones = [window.STRIDE_X, window.DILATION_Y, window.DILATION_X];
  return threes.every((three) => three === 3) && ones.every((one) => one === 1) && channels <= MOST_CHANNELS;
}

interface Threes {
  /** Addresses; filters as `packFilters` makes them. */
  image: number;
  filters: number;
  bias?: number;
  out: number;
  /** Images times groups. */
  parts: number;
  groups: number;
  rows: number;
  channels: number;
  height: number;
  width: number;
  strideY: number;
  relu: boolean;
}

export function threes(module: SimdModule, grid: Grid, job: Threes): void {
  const { parts, rows, channels, height, width, bias } = job;
  const work = 9 * parts * rows * channels * height * width;
  const threads = module.threadsFor(work);
  const runs = height * Math.ceil(width / 4);
  const cuts = Math.ceil((threads === 1 ? 1 : 4 * threads) / parts);
  const taskRuns = Math.ceil(runs / cuts / 2) * 2;
  const fields = [
    ...[job.image, job.filters, bias ?? 0, job.out, job.groups, rows, channels, height, width],
    ...[planeBytes(grid), lineBytes(grid), job.strideY * lineBytes(grid)],
    ...[taskRuns, Number(bias !== undefined), Number(job.relu)],
  ];
  module.run('threes', fields, { tasks: parts * Math.ceil(runs / taskRuns), work });
}

/** Whether lines of the gradient are made of whole vectors. */
export function suitsThreesWeight(window: Window, channels: number, outWidth: number): boolean {
  return suitsThrees(window, channels) && outWidth % 4 === 0;
}

/** @param addresses of the gradient, the padded image and the result */
export function threesWeight(
  module: SimdModule,
  grid: Grid,
  addresses: readonly [gradient: number, image: number, out: number],
  params: Params<'conv2dWeightGradient'>,
  strideY: number,
): void {
  const { batch, groups, channels, outChannels, outHeight, outWidth, chunk } = params;
  const lines = batch * outHeight;
  const fields = [
    ...[...addresses, lines, chunk, groups, outChannels, channels, outHeight, outWidth],
    ...[planeBytes(grid), lineBytes(grid), strideY * lineBytes(grid)],
  ];
  const work = 9 * lines * outWidth * groups * outChannels * channels;
  const scratch = module.exports.threesWeightScratch(outChannels, channels);
  module.run('threesWeight', fields, { tasks: Math.ceil(lines / chunk) * groups, work, scratch });
}
