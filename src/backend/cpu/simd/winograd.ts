// Convolutions of 3 × 3 with stride 1 by Winograd's algorithm: see kernels/wasm/winograd.ts.

import type { Filter as Window } from '../conv2d.ts';
import type { SimdModule } from './module.ts';
import { cutRuns } from './output.ts';
import { type Grid, lineBytes, padded, planeBytes } from './paddedImage.ts';
import { convolveTiles } from './tiled.ts';
import { suitsFour, winogradFour } from './winogradFour.ts';
import { staysFinite, type Winograd } from './winogradShared.ts';

/** With fewer channels, the transforms cost more than the saved products. */
const LEAST_CHANNELS = 8;

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
  if (suitsFour(rows, depth, height, width)) return convolveTiles(module, job, winogradFour);
  const grid: Grid = {
    ...{ height: job.inHeight, width: job.inWidth, top: job.top, left: job.left },
    ...{ paddedHeight: 2 * Math.ceil(height / 2) + 2, run: 2 * Math.ceil(width / 2) + 2 },
  };
  const panelRows = module.exports.panelRows();
  const panels = Math.ceil(rows / panelRows);
  const runs = Math.ceil(height / 2) * Math.ceil(width / 8);
  const { taskRuns, plan } = cutRuns(module, parts, runs, 8 * parts * rows * depth * runs * 8);
  const imagePlane = planeBytes(grid);
  const steps = { imagePart: depth * imagePlane, imagePlane, imageLine: lineBytes(grid) };
  const scratch = module.exports.winogradScratch(depth);
  const image = padded(module, job.image, parts * depth, grid);
  const filters = module.take(16 * 4 * panelRows * groups * panels * depth);
  module.exports.transformFilters(
    ...([job.filters, filters, groups, rows * depth * 36, rows, job.rowStride, depth] as const),
    job.depthStride,
    Number(job.flipped),
  );
  return staysFinite(module, (flag) =>
    module.run('winograd', { ...job, ...steps, image, filters, flag, taskRuns }, { ...plan, scratch }),
  );
}
