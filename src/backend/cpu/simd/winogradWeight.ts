// The weight gradient of a 3 × 3 convolution with stride 1 by Winograd's algorithm: see kernels/wasm/winogradWeight.ts.

import type { Params } from '../../backend.ts';
import type { Filter as Window } from '../conv2d.ts';
import type { SimdModule } from './module.ts';
import { type Grid, lineBytes, padded, planeBytes } from './paddedImage.ts';
import { sumTiles } from './tiledWeight.ts';
import { suitsFour, winogradFourWeight } from './winogradFour.ts';
import { staysFinite } from './winogradShared.ts';

/**
 * The number of tasks of a gradient, independent of the number of threads, so that sums have one order. Fewer if there
 * are few lines.
 */
const TASKS = 12;
const LEAST_LINES = 16;
/** The limit for the sums of all tasks. Beyond it memory costs more than the algorithm gains. */
const MOST_BYTES = 2 ** 25;
/** Packed operands of a block, which should stay in the second cache. */
const BLOCK_BYTES = 2 ** 18;

/** Returns false if it does not pay off, or if a result is not finite and must be computed by its definition. */
export function winogradWeight(
  module: SimdModule,
  addresses: Record<'gradient' | 'image' | 'out', number>,
  params: Params<'conv2dWeightGradient'>,
  window: Window,
): boolean {
  const { batch, groups, channels, outChannels, height, width, outHeight, outWidth, chunk } = params;
  if (suitsFour(channels, outChannels, outHeight, outWidth)) {
    return sumTiles(module, addresses, params, window, winogradFourWeight);
  }
  const { gradient, image, out } = addresses;
  const lines = batch * outHeight;
  const parts = Math.ceil(lines / chunk) * groups;
  const cuts = Math.max(1, Math.min(Math.ceil(TASKS / parts), Math.floor(chunk / LEAST_LINES)));
  const panels = [Math.ceil(outChannels / 4), Math.ceil(channels / 8)] as const;
  const sumsBytes = 16 * panels[0] * panels[1] * 128 * parts * cuts;
  if (sumsBytes > MOST_BYTES) return false;
  const stepBytes = 16 * (16 * panels[0] + 32 * panels[1]);
  const steps = 4 * Math.max(2, Math.min(16, Math.floor(BLOCK_BYTES / stepBytes / 4)));
  const grid: Grid = {
    ...{ height, width, top: window.PADDING_Y, left: window.PADDING_X },
    // The last tile reads two lines past those of the windows, the last run of tiles up to nine pixels.
    ...{ paddedHeight: outHeight + 3, run: 8 * Math.ceil(outWidth / 8) + 2 },
  };
  const work = 4 * lines * outWidth * groups * outChannels * channels;
  const scratch = module.exports.winogradWeightScratch(outChannels, channels, steps);
  const sums = module.take(sumsBytes);
  const places = {
    ...{ gradient, image: padded(module, image, batch * groups * channels, grid), sums },
    ...{ imagePlane: planeBytes(grid), imageLine: lineBytes(grid) },
  };
  const cutting = { lines, chunk, taskLines: Math.ceil(chunk / cuts), cuts, groups, steps };
  const sizes = { rows: outChannels, depth: channels, height: outHeight, width: outWidth };
  module.run('winogradWeight', { ...places, ...cutting, ...sizes }, { tasks: parts * cuts, work, scratch });
  const finish = { tasks: parts * panels[0], work: 16 * parts * cuts * outChannels * channels };
  return staysFinite(module, (flag) =>
    module.run('winogradFinish', { sums, out, flag, cuts, ...sizes }, finish),
  );
}
