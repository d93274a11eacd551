// The weight gradient of a 3 × 3 convolution with stride 1 between many channels by Winograd's algorithm, with the symbols of
// winogradFour.ts:
//
//   out = Gᵀ [ Σ (Bᵀ d B) ⊙ (A e Aᵀ) ] G    over all tiles; e are the 4 × 4 output gradients of the pixels d
//
// The sums over the tiles are 36 matrix products, one for each place: see tiledWeight.ts.
//
// Numerics   float32; the error is about 0.5 millionths of the results: see winogradFour.ts. `flag` reports that a result is
//            not finite, and the caller then computes the result in another way.

import { multiplyTile, ROWS_STEP, TILE } from './panels';
import { B_STEP } from './tile';
import {
  columnPanelsOf,
  finishTiles,
  rowPanelsOf,
  sumTiles,
  TiledFinishJob,
  TiledWeightJob,
} from './tiledWeight';
import { foldFilter, packGradients, packPixels, PLACES } from './winogradFourTransforms';

export function winogradFourWeightTask(job: TiledWeightJob, task: i32, block: usize): void {
  sumTiles(job, task, block, 4, 1, PLACES, PLACES, packGradients, packPixels, multiply);
}

/** Gᵀ S G of the sums S. */
export function winogradFourFinishTask(job: TiledFinishJob, task: i32, block: usize): void {
  finishTiles(job, task, block, PLACES, foldFilter);
}

function multiply(job: TiledWeightJob, a: usize, b: usize, steps: i32, sums: usize, start: i32): void {
  const rowPanels = rowPanelsOf(job.rows);
  const columnPanels = columnPanelsOf(job.depth);
  for (let place = 0; place < PLACES; place++, a += <usize>(rowPanels * job.steps) * ROWS_STEP) {
    for (let j = 0; j < columnPanels; j++, b += <usize>job.steps * B_STEP) {
      for (let i = 0; i < rowPanels; i++, sums += TILE) {
        multiplyTile(a + <usize>(i * job.steps) * ROWS_STEP, b, steps, sums, 32, start);
      }
    }
  }
}
