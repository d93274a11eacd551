// Weight gradients of convolutions of 3 × 3 by tiles of outputs: see kernels/wasm/tiledWeight.ts.

import type { Params } from '../../backend.ts';
import type { Filter as Window } from '../conv2d.ts';
import type { SimdModule } from './module.ts';
import { type Grid, lineBytes, padded, planeBytes } from './paddedImage.ts';
import { staysFinite } from './winogradShared.ts';

/** How an algorithm cuts images and their gradients into tiles. */
export interface WeightTiling {
  name: 'winogradFourWeight' | 'strideTwoWeight';
  finish: 'winogradFourFinish' | 'strideTwoFinish';
  /** Output gradients of a tile in each direction, pixels from an output to the next one, and those that a tile sees past its own. */
  side: number;
  stride: number;
  past: number;
  /** Products of a tile; numbers of its gradients and of its pixels, and sums. */
  products: number;
  gradients: number;
  pixels: number;
  sums: number;
}

/**
 * The number of tasks of a gradient, independent of the number of threads, so that sums have one order. Fewer if there
 * are few lines.
 */
const TASKS = 8;
const LEAST_LINES = 16;
/** The limit for the sums of all tasks. */
const MOST_BYTES = 2 ** 25;
/** Packed operands of a block, which should stay in the second cache. */
const BLOCK_BYTES = 2 ** 19;

/** Returns false if it does not pay off, or if a result is not finite and must be computed by its definition. */
export function sumTiles(
  module: SimdModule,
  { gradient, image, out }: Record<'gradient' | 'image' | 'out', number>,
  params: Params<'conv2dWeightGradient'>,
  window: Window,
  tiling: WeightTiling,
): boolean {
  const { name, side, stride, past, products } = tiling;
  const { batch, groups, channels, outChannels, height, width, outHeight, outWidth, chunk } = params;
  const lines = batch * outHeight;
  const parts = Math.ceil(lines / chunk) * groups;
  const { exports } = module;
  const partBytes = exports.tiledSums(tiling.sums, outChannels, channels) * parts;
  if (partBytes > MOST_BYTES) return false;
  const limits = [TASKS / parts, chunk / LEAST_LINES, MOST_BYTES / partBytes];
  const most = Math.max(1, Math.floor(Math.min(...limits)));
  // Whole images, where a task has more than one, as each may end with tiles that are not full.
  const unit = chunk / most > outHeight ? outHeight : side;
  const taskLines = Math.ceil(chunk / most / unit) * unit;
  const cuts = Math.ceil(chunk / taskLines);
  const stepBytes = exports.tiledOperands(tiling.gradients, tiling.pixels, outChannels, channels);
  const steps = Math.max(8, Math.min(64, Math.floor(BLOCK_BYTES / stepBytes)));
  const grid: Grid = {
    ...{ height, width, top: window.PADDING_Y, left: window.PADDING_X },
    // A tile may begin at any line.
    ...{
      paddedHeight: stride * (outHeight + side - 1) + past,
      run: stride * side * Math.ceil(outWidth / side) + past,
    },
  };
  const work = (products / side ** 2) * lines * outWidth * groups * outChannels * channels;
  const scratch = exports.tiledBlock() + steps * stepBytes;
  const sums = module.take(partBytes * cuts);
  const places = {
    ...{ gradient, image: padded(module, image, batch * groups * channels, grid), sums },
    ...{ imagePlane: planeBytes(grid), imageLine: lineBytes(grid) },
  };
  const cutting = { lines, chunk, taskLines, cuts, groups, steps };
  const sizes = { rows: outChannels, depth: channels, height: outHeight, width: outWidth };
  module.run(name, { ...places, ...cutting, ...sizes }, { tasks: parts * cuts, work, scratch });
  const finish = {
    tasks: parts * Math.ceil(outChannels / exports.panelRows()),
    work: products * parts * cuts * outChannels * channels,
    scratch: exports.tiledBlock(),
  };
  return staysFinite(module, (flag) =>
    module.run(tiling.finish, { sums, out, flag, cuts, ...sizes }, finish),
  );
}
