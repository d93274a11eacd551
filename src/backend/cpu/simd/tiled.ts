// Convolutions of 3 × 3 by tiles of outputs: see kernels/wasm/tiled.ts.

import type { Fields } from './jobs.ts';
import type { SimdModule } from './module.ts';
import { type Grid, lineBytes, padded, planeBytes } from './paddedImage.ts';
import { staysFinite, type Winograd } from './winogradShared.ts';

/** How an algorithm cuts images into tiles. */
export interface Tiling {
  name: 'winogradFour' | 'strideTwo' | 'strideTwoGradient';
  filters: 'winogradFourFilters' | 'strideTwoFilters';
  /** Outputs of a tile in each direction, pixels from a tile to the next one, and pixels that it sees past those. */
  side: number;
  step: number;
  past: number;
  /** Products of a tile. */
  places: number;
  /** The limit for the transformed pixels of a task, which should stay in the second cache. */
  taskBytes: number;
}

/** Tiles of a task are whole panels of pixels, and whole vectors. */
const UNIT = 12;

/** Returns false if an output is not finite and must be computed by its definition. */
export function convolveTiles(module: SimdModule, job: Winograd, tiling: Tiling): boolean {
  const { parts, groups, rows, depth, height, width } = job;
  const { name, side, step, past, places, taskBytes } = tiling;
  const [down, across] = [Math.ceil(height / side), Math.ceil(width / side)];
  const grid: Grid = {
    ...{ height: job.inHeight, width: job.inWidth, top: job.top, left: job.left },
    ...{ paddedHeight: step * down + past, run: step * across + past },
  };
  const steps = { imagePlane: planeBytes(grid), imageLine: lineBytes(grid) };
  const image = padded(module, job.image, parts * depth, grid);
  const filters = transformedFilters(module, job, tiling);
  const tiles = (parts / groups) * down * across;
  const work = places * groups * tiles * rows * depth;
  const threads = module.threadsFor(work);
  const cuts = Math.ceil((threads === 1 ? 1 : 4 * threads) / groups);
  const most = UNIT * Math.max(1, Math.floor(taskBytes / (UNIT * 4 * places * depth)));
  const taskTiles = Math.min(Math.ceil(tiles / cuts / UNIT) * UNIT, most);
  const plan = {
    ...{ tasks: groups * Math.ceil(tiles / taskTiles), work },
    scratch: module.exports.tiledScratch(places, depth, taskTiles),
  };
  return staysFinite(module, (flag) =>
    module.run(name, { ...job, ...steps, image, filters, flag, taskTiles }, plan),
  );
}

/** The address of panels of transformed filters. */
function transformedFilters(module: SimdModule, job: Winograd, { filters, places }: Tiling): number {
  const { groups, rows, depth, rowStride, depthStride } = job;
  const tasks = groups * Math.ceil(rows / 8);
  const to = module.take(32 * places * tasks * depth);
  const fields: Fields[typeof filters] = {
    ...{ from: job.filters, to, groupStride: rows * depth * 36, rows, rowStride, depth, depthStride },
    flipped: Number(job.flipped),
  };
  const scratch = module.exports.tiledBlock();
  module.run(filters, fields, { tasks, work: 2 * places * groups * rows * depth, scratch });
  return to;
}
