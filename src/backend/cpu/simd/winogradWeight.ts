// The weight gradient of a 3 × 3 convolution with stride 1 by Winograd's algorithm: see kernels/wasm/winogradWeight.ts.

import type { Params } from '../../backend.ts';
import type { Filter as Window } from '../conv2d.ts';
import type { SimdModule } from './module.ts';
import { type Grid, lineBytes, padded, planeBytes } from './paddedImage.ts';
import { PLACES, staysFinite } from './winograd.ts';

/**
 * The number of tasks of a gradient, independent of the number of threads, so that sums have one order. Fewer if there
 * are few lines.
 */
const TASKS = 12;
const LEAST_LINES = 16;
/** The limit for the sums of all tasks. Beyond it memory costs more than the algorithm gains. */
const MOST_BYTES = 2 ** 25;
/** Packed operands of a block, which should stay in the second cache. */
const BLOCK_BYTES = 2 ** 19;

/** Returns false if it does not pay off, or if a result is not finite and must be computed by its definition. */
export function winogradWeight(
  module: SimdModule,
  { gradient, image, out }: Record<'gradient' | 'image' | 'out', number>,
  params: Params<'conv2dWeightGradient'>,
  window: Window,
): boolean {
  const { batch, groups, channels, outChannels, height, width, outHeight, outWidth, chunk } = params;
  const lines = batch * outHeight;
  const parts = Math.ceil(lines / chunk) * groups;
  const { exports } = module;
  const most = Math.max(1, Math.min(Math.ceil(TASKS / parts), Math.floor(chunk / LEAST_LINES)));
  // Whole images, where a task has more than one, as each ends with tiles that are not full.
  const unit = chunk / most > outHeight ? outHeight : 4;
  const taskLines = Math.ceil(chunk / most / unit) * unit;
  const cuts = Math.ceil(chunk / taskLines);
  const sumsBytes = exports.winogradWeightSums(outChannels, channels) * parts * cuts;
  if (sumsBytes > MOST_BYTES) return false;
  const stepBytes = exports.winogradWeightStep(outChannels, channels);
  const steps = Math.max(8, Math.min(64, Math.floor(BLOCK_BYTES / stepBytes)));
  const grid: Grid = {
    ...{ height, width, top: window.PADDING_Y, left: window.PADDING_X, stride: 1 },
    // A tile may begin at any line.
    ...{ paddedHeight: outHeight + 5, run: 4 * Math.ceil(outWidth / 4) + 2 },
  };
  const work = (PLACES / 16) * lines * outWidth * groups * outChannels * channels;
  const scratch = exports.winogradWeightScratch(outChannels, channels, steps);
  const sums = module.take(sumsBytes);
  const places = {
    ...{ gradient, image: padded(module, image, batch * groups * channels, grid), sums },
    ...{ imagePlane: planeBytes(grid), imageLine: lineBytes(grid) },
  };
  const cutting = { lines, chunk, taskLines, cuts, groups, steps };
  const sizes = { rows: outChannels, depth: channels, height: outHeight, width: outWidth };
  module.run('winogradWeight', { ...places, ...cutting, ...sizes }, { tasks: parts * cuts, work, scratch });
  const finish = {
    tasks: parts * Math.ceil(outChannels / exports.panelRows()),
    work: PLACES * parts * cuts * outChannels * channels,
    scratch: exports.winogradFinishScratch(),
  };
  return staysFinite(module, (flag) =>
    module.run('winogradFinish', { sums, out, flag, cuts, ...sizes }, finish),
  );
}
