// Convolutions of 3 × 3 with stride 1 by Winograd's algorithm: see kernels/wasm/winograd.ts.

import type { Filter as Window } from '../conv2d.ts';
import type { SimdModule } from './module.ts';
import type { Output } from './output.ts';
import { type Grid, lineBytes, padded, planeBytes } from './paddedImage.ts';

/** With fewer channels, the transforms cost more than the saved products. */
const LEAST_CHANNELS = 8;
/** Products of a tile of 4 × 4 outputs. */
export const PLACES = 36;
/** The limit for the transformed pixels of a pass, which should stay in the second cache. */
const PASS_BYTES = 2 ** 17;

export interface Winograd extends Output {
  /** Addresses. */
  image: number;
  filters: number;
  /** Channels of the image in one group. */
  depth: number;
  inHeight: number;
  inWidth: number;
  top: number;
  left: number;
  /** Bytes between the filters of two rows, and between the filters of two channels. */
  rowStride: number;
  depthStride: number;
  /** Whether to rotate the filters by 180 degrees. */
  flipped: boolean;
}

/** Whether the window and the numbers of channels on both sides are suitable. */
export function suitsWinograd(window: Window, channels: number, outChannels: number): boolean {
  const threes = [window.KERNEL_HEIGHT, window.KERNEL_WIDTH];
  const ones = [window.STRIDE_Y, window.STRIDE_X, window.DILATION_Y, window.DILATION_X];
  return (
    threes.every((three) => three === 3) &&
    ones.every((one) => one === 1) &&
    Math.min(channels, outChannels) >= LEAST_CHANNELS
  );
}

/** Returns false if an output is not finite and must be computed by its definition. */
export function winograd(module: SimdModule, job: Winograd): boolean {
  const { parts, groups, rows, depth, height, width } = job;
  const [down, across] = [Math.ceil(height / 4), Math.ceil(width / 4)];
  const grid: Grid = {
    ...{ height: job.inHeight, width: job.inWidth, top: job.top, left: job.left, stride: 1 },
    ...{ paddedHeight: 4 * down + 2, run: 4 * across + 2 },
  };
  const steps = { imagePlane: planeBytes(grid), imageLine: lineBytes(grid) };
  const image = padded(module, job.image, parts * depth, grid);
  const filters = transformFilters(module, job);
  const tiles = (parts / groups) * down * across;
  const work = PLACES * groups * tiles * rows * depth;
  const threads = module.threadsFor(work);
  const cuts = Math.ceil((threads === 1 ? 1 : 4 * threads) / groups);
  const taskTiles = Math.ceil(tiles / cuts / 8) * 8;
  const most = 8 * Math.max(1, Math.floor(PASS_BYTES / (8 * 4 * PLACES * depth)));
  const passTiles = Math.min(taskTiles, most);
  const plan = {
    ...{ tasks: groups * Math.ceil(tiles / taskTiles), work },
    scratch: module.exports.winogradScratch(depth, passTiles),
  };
  return staysFinite(module, (flag) =>
    module.run('winograd', { ...job, ...steps, image, filters, flag, taskTiles, passTiles }, plan),
  );
}

/** The address of panels of transformed filters. */
function transformFilters(module: SimdModule, job: Winograd): number {
  const { groups, rows, depth, rowStride, depthStride } = job;
  const panelRows = module.exports.panelRows();
  const tasks = groups * Math.ceil(rows / panelRows);
  const to = module.take(4 * PLACES * tasks * panelRows * depth);
  const fields = {
    ...{ from: job.filters, to, groupStride: rows * depth * 36, rows, rowStride, depth, depthStride },
    flipped: Number(job.flipped),
  };
  const scratch = module.exports.winogradFiltersScratch();
  module.run('winogradFilters', fields, { tasks, work: 2 * PLACES * groups * rows * depth, scratch });
  return to;
}

/** Runs a job that sets a flag if a result is not finite. Returns whether all results are finite. */
export function staysFinite(module: SimdModule, run: (flag: number) => void): boolean {
  const flags = module.words(module.take(4), 1);
  flags[0] = 0;
  run(flags.byteOffset);
  return flags[0] === 0;
}
