// Convolutions of 3 × 3 with stride 2 between many channels: see kernels/wasm/strideTwo.ts.

import type { Filter as Window } from '../conv2d.ts';
import type { Tiling } from './tiled.ts';
import type { WeightTiling } from './tiledWeight.ts';

/** With fewer channels, the transforms cost what the saved products gain. */
const LEAST_CHANNELS = 8;
/** Products of a tile of 2 × 2 outputs. */
const PLACES = 25;
/** The limit for the transformed pixels of a task, which should stay in the second cache. */
const TASK_BYTES = 2 ** 18;

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

export const strideTwo: Tiling = {
  ...{ name: 'strideTwo', filters: 'strideTwoFilters' },
  ...{ side: 2, step: 4, past: 1, places: PLACES, taskBytes: TASK_BYTES },
};

/** The gradient of the images. */
export const strideTwoGradient: Tiling = {
  ...{ name: 'strideTwoGradient', filters: 'strideTwoFilters' },
  ...{ side: 4, step: 2, past: 1, places: PLACES, taskBytes: TASK_BYTES },
};

export const strideTwoWeight: WeightTiling = {
  ...{ name: 'strideTwoWeight', finish: 'strideTwoFinish' },
  ...{ side: 2, stride: 2, past: 1, products: PLACES, gradients: 9, pixels: PLACES, sums: 16 },
};
