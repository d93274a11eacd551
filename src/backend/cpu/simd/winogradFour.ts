// Convolutions of 3 × 3 between many channels by Winograd's algorithm: see kernels/wasm/winogradFour.ts.

import type { Tiling } from './tiled.ts';
import type { WeightTiling } from './tiledWeight.ts';

/** With fewer channels, the transforms cost what the saved products gain, and results stay exact on integers. */
const LEAST_CHANNELS = 32;
/** Products of a tile of 4 × 4 outputs, and of the 2 × 2 of winograd.ts. */
const PLACES = 36;
const SMALL_PLACES = 16;
/** Tiles whose products cost what the transforms of filters do. */
const FILTER_TILES = 4;

/**
 * Whether there are enough channels, and larger tiles need fewer products: those of the tiles of an image, and of the filters,
 * whose transforms cost as much as a few tiles. The batch does not matter, so that an image has one result.
 */
export function suitsFour(channels: number, outChannels: number, height: number, width: number): boolean {
  const tiles = (side: number): number => FILTER_TILES + Math.ceil(height / side) * Math.ceil(width / side);
  return Math.min(channels, outChannels) >= LEAST_CHANNELS && PLACES * tiles(4) < SMALL_PLACES * tiles(2);
}

export const winogradFour: Tiling = {
  ...{ name: 'winogradFour', filters: 'winogradFourFilters' },
  ...{ side: 4, step: 4, past: 2, places: PLACES, taskBytes: 2 ** 17 },
};

export const winogradFourWeight: WeightTiling = {
  ...{ name: 'winogradFourWeight', finish: 'winogradFourFinish' },
  ...{ side: 4, stride: 1, past: 2, products: PLACES, gradients: PLACES, pixels: PLACES, sums: PLACES },
};
