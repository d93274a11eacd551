// Convolutions of 3 × 3 between many channels by Winograd's algorithm: see kernels/wasm/winogradFour.ts.

import type { SimdModule } from './module.ts';
import { type Grid, lineBytes, padded, planeBytes } from './paddedImage.ts';
import { staysFinite, type Winograd } from './winogradShared.ts';

/** With fewer channels, the transforms cost what the saved products gain, and results stay exact on integers. */
const LEAST_CHANNELS = 32;
/** Products of a tile of 4 × 4 outputs, and of the 2 × 2 of winograd.ts. */
export const PLACES = 36;
const SMALL_PLACES = 16;
/** Tiles whose products cost what the transforms of filters do. */
const FILTER_TILES = 4;
/** The limit for the transformed pixels of a task, which should stay in the second cache. */
const TASK_BYTES = 2 ** 17;
/** Tiles of a task are whole panels of pixels, and whole vectors. */
const UNIT = 12;

/**
 * Whether there are enough channels, and larger tiles need fewer products: those of the tiles of an image, and of the filters,
 * whose transforms cost as much as a few tiles. The batch does not matter, so that an image has one result.
 */
export function suitsFour(channels: number, outChannels: number, height: number, width: number): boolean {
  const tiles = (side: number): number => FILTER_TILES + Math.ceil(height / side) * Math.ceil(width / side);
  return Math.min(channels, outChannels) >= LEAST_CHANNELS && PLACES * tiles(4) < SMALL_PLACES * tiles(2);
}

/** Returns false if an output is not finite and must be computed by its definition. */
export function winogradFour(module: SimdModule, job: Winograd): boolean {
  const { parts, groups, rows, depth, height, width } = job;
  const [down, across] = [Math.ceil(height / 4), Math.ceil(width / 4)];
  const grid: Grid = {
    ...{ height: job.inHeight, width: job.inWidth, top: job.top, left: job.left },
    ...{ paddedHeight: 4 * down + 2, run: 4 * across + 2 },
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
    scratch: module.exports.winogradFourScratch(depth, taskTiles),
  };
  return staysFinite(module, (flag) =>
    module.run('winogradFour', { ...job, ...steps, image, filters, flag, taskTiles }, plan),
  );
}

/** The address of panels of transformed filters. */
function transformedFilters(module: SimdModule, job: Winograd): number {
  const { groups, rows, depth, rowStride, depthStride } = job;
  const tasks = groups * Math.ceil(rows / 8);
  const to = module.take(32 * PLACES * tasks * depth);
  const fields = {
    ...{ from: job.filters, to, groupStride: rows * depth * 36, rows, rowStride, depth, depthStride },
    flipped: Number(job.flipped),
  };
  const scratch = module.exports.winogradFourFiltersScratch();
  module.run('winogradFourFilters', fields, { tasks, work: 2 * PLACES * groups * rows * depth, scratch });
  return to;
}
