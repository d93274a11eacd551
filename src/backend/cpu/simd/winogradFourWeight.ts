// The weight gradient of a 3 × 3 convolution between many channels by Winograd's algorithm: see kernels/wasm/winogradFourWeight.ts.

import type { Params } from '../../backend.ts';
import type { Filter as Window } from '../conv2d.ts';
import type { SimdModule } from './module.ts';
import { type Grid, lineBytes, padded, planeBytes } from './paddedImage.ts';
import { PLACES } from './winogradFour.ts';
import { staysFinite } from './winogradShared.ts';

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
export function winogradFourWeight(
  module: SimdModule,
  { gradient, image, out }: Record<'gradient' | 'image' | 'out', number>,
  params: Params<'conv2dWeightGradient'>,
  window: Window,
): boolean {
  const { batch, groups, channels, outChannels, height, width, outHeight, outWidth, chunk } = params;
  const lines = batch * outHeight;
  const parts = Math.ceil(lines / chunk) * groups;
  const { exports } = module;
  const partBytes = exports.winogradFourWeightSums(outChannels, channels) * parts;
  if (partBytes > MOST_BYTES) return false;
  const limits = [TASKS / parts, chunk / LEAST_LINES, MOST_BYTES / partBytes];
  const most = Math.max(1, Math.floor(Math.min(...limits)));
  // Whole images, where a task has more than one, as each ends with tiles that are not full.
  const unit = chunk / most > outHeight ? outHeight : 4;
  const taskLines = Math.ceil(chunk / most / unit) * unit;
  const cuts = Math.ceil(chunk / taskLines);
  const stepBytes = exports.winogradFourWeightStep(outChannels, channels);
  const steps = Math.max(8, Math.min(64, Math.floor(BLOCK_BYTES / stepBytes)));
  const grid: Grid = {
    ...{ height, width, top: window.PADDING_Y, left: window.PADDING_X },
    // A tile may begin at any line.
    ...{ paddedHeight: outHeight + 5, run: 4 * Math.ceil(outWidth / 4) + 2 },
  };
  const work = (PLACES / 16) * lines * outWidth * groups * outChannels * channels;
  const scratch = exports.winogradFourWeightScratch(outChannels, channels, steps);
  const sums = module.take(partBytes * cuts);
  const places = {
    ...{ gradient, image: padded(module, image, batch * groups * channels, grid), sums },
    ...{ imagePlane: planeBytes(grid), imageLine: lineBytes(grid) },
  };
  const cutting = { lines, chunk, taskLines, cuts, groups, steps };
  const sizes = { rows: outChannels, depth: channels, height: outHeight, width: outWidth };
  module.run(
    'winogradFourWeight',
    { ...places, ...cutting, ...sizes },
    { tasks: parts * cuts, work, scratch },
  );
  const finish = {
    tasks: parts * Math.ceil(outChannels / exports.panelRows()),
    work: PLACES * parts * cuts * outChannels * channels,
    scratch: exports.winogradFourFinishScratch(),
  };
  return staysFinite(module, (flag) =>
    module.run('winogradFourFinish', { sums, out, flag, cuts, ...sizes }, finish),
  );
}
