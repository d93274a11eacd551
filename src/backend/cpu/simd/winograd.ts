// Convolutions of 3 × 3 with stride 1 by Winograd's algorithm: see kernels/wasm/winograd.ts.

import type { Filter as Window } from '../conv2d.ts';
import type { SimdModule } from './module.ts';
import { type Grid, lineBytes, planeBytes, withImage } from './paddedImage.ts';

/** Channels from which on the products outweigh the transforms. */
const LEAST_CHANNELS = 8;

export interface Winograd {
  /** Addresses. */
  image: number;
  filters: number;
  bias?: number;
  out: number;
  /** Images times groups. */
  parts: number;
  groups: number;
  /** Channels of out, and of the image, in a group. */
  rows: number;
  depth: number;
  inHeight: number;
  inWidth: number;
  top: number;
  left: number;
  height: number;
  width: number;
  /** Bytes from the filters of a row to those of the next, and from one channel's filter to the next. */
  rowStride: number;
  depthStride: number;
  /** Whether filters are turned by 180 degrees. */
  flipped: boolean;
  relu: boolean;
}

/** Whether the window, and the numbers of channels on both sides, suit it. */
export function suitsWinograd(window: Window, channels: number, outChannels: number): boolean {
  const threes = [window.KERNEL_HEIGHT, window.KERNEL_WIDTH];
  const ones = [window.STRIDE_Y, window.STRIDE_X, window.DILATION_Y, window.DILATION_X];
  return (
    threes.every((three) => three === 3) &&
    ones.every((one) => one === 1) &&
    Math.min(channels, outChannels) >= LEAST_CHANNELS
  );
}

/** Returns false where an output is not finite, and has to be computed by its definition. */
export function winograd(module: SimdModule, job: Winograd): boolean {
  const { parts, groups, rows, depth, height, width, bias } = job;
  const grid: Grid = {
    ...{ height: job.inHeight, width: job.inWidth, top: job.top, left: job.left, stride: 1 },
    ...{ paddedHeight: 2 * Math.ceil(height / 2) + 2, run: 2 * Math.ceil(width / 2) + 2 },
  };
  const panels = Math.ceil(rows / 4);
  const runs = Math.ceil(height / 2) * Math.ceil(width / 8);
  const work = 8 * parts * rows * depth * runs * 8;
  const threads = module.threadsFor(work);
  const cuts = Math.ceil((threads === 1 ? 1 : 4 * threads) / parts);
  const taskRuns = Math.ceil(runs / cuts / 2) * 2;
  let finite = true;
  withImage(module, job.image, parts * depth, grid, (image) => {
    module.borrow(16 * 16 * groups * panels * depth, (filters) => {
      module.exports.transformFilters(
        ...([job.filters, filters, groups, rows * depth * 36, rows, job.rowStride, depth] as const),
        job.depthStride,
        Number(job.flipped),
      );
      module.borrow(4, (flag) => {
        const flags = new Int32Array(module.heap.memory.buffer, flag, 1);
        flags[0] = 0;
        const fields = [
          ...[image, filters, bias ?? 0, job.out, flag, groups, rows, depth, height, width],
          ...[depth * planeBytes(grid), planeBytes(grid), lineBytes(grid)],
          ...[taskRuns, Number(bias !== undefined), Number(job.relu)],
        ];
        const scratch = module.exports.winogradScratch(depth);
        module.run('winograd', fields, { tasks: parts * Math.ceil(runs / taskRuns), work, scratch });
        finite = flags[0] === 0;
      });
    });
  });
  return finite;
}
