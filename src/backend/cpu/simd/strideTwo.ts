// Convolutions of 3 × 3 with stride 2 between many channels: see kernels/wasm/strideTwo.ts.

import type { Filter as Window } from '../conv2d.ts';
import type { SimdModule } from './module.ts';
import { type Grid, lineBytes, padded, planeBytes } from './paddedImage.ts';
import { staysFinite, type Winograd } from './winogradShared.ts';

/** With fewer channels, the transforms cost what the saved products gain. */
const LEAST_CHANNELS = 8;
/** Products of a tile of 2 × 2 outputs. */
export const PLACES = 25;
/** The limit for the transformed pixels of a task, which should stay in the second cache. */
const TASK_BYTES = 2 ** 18;
/** Tiles of a task are whole panels of pixels, and whole vectors. */
const UNIT = 12;

/**
 * Whether the window and the channels are suitable, and tiles of 2 × 2 need fewer products than the definition, or than a
 * `share` of them.
 */
export function suitsStrideTwo(
  window: Window,
  channels: number,
  outChannels: number,
  outHeight: number,
  outWidth: number,
  share: number = 1,
): boolean {
  const { KERNEL_HEIGHT, KERNEL_WIDTH, STRIDE_Y, STRIDE_X, DILATION_Y, DILATION_X } = window;
  return (
    [KERNEL_HEIGHT, KERNEL_WIDTH].every((side) => side === 3) &&
    [STRIDE_Y, STRIDE_X].every((stride) => stride === 2) &&
    [DILATION_Y, DILATION_X].every((dilation) => dilation === 1) &&
    Math.min(channels, outChannels) >= LEAST_CHANNELS &&
    PLACES * Math.ceil(outHeight / 2) * Math.ceil(outWidth / 2) < share * 9 * outHeight * outWidth
  );
}

/** Returns false if an output is not finite and must be computed by its definition. */
export function strideTwo(module: SimdModule, job: Winograd): boolean {
  const { parts, groups, rows, depth, height, width, flipped: backward } = job;
  const side = backward ? 4 : 2;
  const [down, across] = [Math.ceil(height / side), Math.ceil(width / side)];
  const read = backward ? 2 : 4;
  const grid: Grid = {
    ...{ height: job.inHeight, width: job.inWidth, top: job.top, left: job.left },
    ...{ paddedHeight: read * down + 1, run: read * across + 1 },
  };
  const steps = { imagePlane: planeBytes(grid), imageLine: lineBytes(grid) };
  const image = padded(module, job.image, parts * depth, grid);
  const filters = transformedFilters(module, job);
  const tiles = (parts / groups) * down * across;
  const work = PLACES * groups * tiles * rows * depth;
  const threads = module.threadsFor(work);
  const cuts = Math.ceil((threads === 1 ? 1 : 4 * threads) / groups);
  const most = UNIT * Math.max(1, Math.floor(TASK_BYTES / (UNIT * 4 * PLACES * depth)));
  const taskTiles = Math.min(Math.ceil(tiles / cuts / UNIT) * UNIT, most);
  const plan = {
    ...{ tasks: groups * Math.ceil(tiles / taskTiles), work },
    scratch: module.exports.strideTwoScratch(depth, taskTiles),
  };
  return staysFinite(module, (flag) =>
    module.run(
      backward ? 'strideTwoGradient' : 'strideTwo',
      { ...job, ...steps, image, filters, flag, taskTiles },
      plan,
    ),
  );
}

/** The address of panels of filters. */
function transformedFilters(module: SimdModule, job: Winograd): number {
  const { groups, rows, depth, rowStride, depthStride, flipped } = job;
  const tasks = groups * Math.ceil(rows / 8);
  const to = module.take(32 * PLACES * tasks * depth);
  const fields = {
    ...{ from: job.filters, to, groupStride: rows * depth * 36, rows, rowStride, depth, depthStride },
    backward: Number(flipped),
  };
  module.run('strideTwoFilters', fields, { tasks, work: 2 * PLACES * groups * rows * depth });
  return to;
}
