// What Winograd's algorithms with tiles of 2 × 2 and 4 × 4 outputs share.

import type { SimdModule } from './module.ts';
import type { Output } from './output.ts';

export interface Winograd extends Output {
  /** Addresses. */
  image: number;
  filters: number;
  /** Channels of the image in one group. */
  depth: number;
  inHeight: number;
  inWidth: number;
  top: number;
  left: number;
  /** Bytes between the filters of two rows, and between the filters of two channels. */
  rowStride: number;
  depthStride: number;
  /** Whether to rotate the filters by 180 degrees. */
  flipped: boolean;
}

/** Runs a job that sets a flag if a result is not finite. Returns whether all results are finite. */
export function staysFinite(module: SimdModule, run: (flag: number) => void): boolean {
  const flags = module.words(module.take(4), 1);
  flags[0] = 0;
  run(flags.byteOffset);
  return flags[0] === 0;
}
