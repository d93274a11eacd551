// Convolutions of 3 × 3 with stride 1 between many channels, by Winograd's minimal filtering F(4 × 4, 3 × 3): 36 products
// instead of 144 for sixteen outputs.
//
//   out = Aᵀ [ Σ_c (G g Gᵀ) ⊙ (Bᵀ d B) ] A    for each tile of 4 × 4 outputs; d are its 6 × 6 input pixels
//
// The matrices are those of winogradFourTransforms.ts. The sums over the channels c are 36 matrix products, one for each
// place of the 6 × 6: see tiled.ts.
//
// Numerics   float32; not exact on integers. For 32, 64 and 128 channels the error is 0.51, 0.53 and 0.57 millionths of the
//            results (root mean squares; 0.56, 0.58 and 0.61 in the portable build). A float32 sum in the order of the
//            definition has 0.30, 0.42 and 0.59. Sums of CHUNK channels are added, which keeps the error from growing with the
//            channels. tests/backend/winogradFour.test.ts measures it. A pixel that is not finite would spoil all sixteen
//            outputs. `flag` reports that an output is not finite, and the caller then computes the result in another way.
// Source     Lavin and Gray: Fast Algorithms for Convolutional Neural Networks (CVPR 2016).

import { madd } from './madd';
import { transpose } from './pack';
import { multiplyTile, ROWS_STEP, TILE } from './panels';
import { ADDED, B_STEP, FROM_ZERO } from './tile';
import {
  columnsOf,
  linesOf,
  multiplyTiles,
  outOf,
  packTiledFilters,
  storePart,
  TiledFiltersJob,
  TiledJob,
} from './tiled';
import {
  LINE,
  output0,
  output1,
  output2,
  output3,
  packPixels,
  PLACES,
  transformFilter,
  transformSums,
} from './winogradFourTransforms';

/** Channels whose products are summed before they are added to other sums. */
const CHUNK: i32 = 16;

export function winogradFourTask(job: TiledJob, task: i32, block: usize): void {
  multiplyTiles(job, task, block, 4, 4, PLACES, PLACES, packPixels, multiply, storeTile);
}

/** G g Gᵀ of the filters. */
export function winogradFourFiltersTask(job: TiledFiltersJob, task: i32, block: usize): void {
  packTiledFilters(job, task, block, PLACES, transformFilter);
}

function multiply(a: usize, b: usize, depth: i32, to: usize): void {
  const end = to + <usize>(PLACES * TILE);
  for (; to < end; to += TILE, a += <usize>depth * ROWS_STEP, b += <usize>depth * B_STEP) {
    multiplyPlace(a, b, depth, to);
  }
}

function multiplyPlace(a: usize, b: usize, depth: i32, to: usize): void {
  multiplyTile(a, b, min(CHUNK, depth), to, 32, FROM_ZERO);
  while ((depth -= CHUNK) > 0) {
    a += <usize>CHUNK * ROWS_STEP;
    b += <usize>CHUNK * B_STEP;
    multiplyTile(a, b, min(CHUNK, depth), to, 32, ADDED);
  }
}

/** Stores Aᵀ (sums) A, with bias and relu, of four rows of a tile. Lanes are rows. */
function storeTile(job: TiledJob, group: i32, row: i32, noted: usize, sums: usize, block: usize): void {
  const line = (<usize>job.width) << 2;
  const plane = <usize>job.height * line;
  const columns = columnsOf(noted);
  const rows = min(4, job.rows - row);
  const least = f32x4.splat(job.relu ? 0 : -Infinity);
  const zero = f32x4.splat(0);
  const addend = job.hasBias ? v128.load(job.bias + ((<usize>(group * job.rows + row)) << 2)) : zero;
  let nought = zero;
  let to = outOf(noted) + <usize>row * plane;
  transformSums(sums, TILE, block);
  for (let at = block, end = block + <usize>linesOf(noted) * LINE; at < end; at += LINE, to += line) {
    const m1 = v128.load(at, 16);
    const m2 = v128.load(at, 32);
    const m3 = v128.load(at, 48);
    const m4 = v128.load(at, 64);
    const evenA = f32x4.add(m1, m2);
    const oddA = f32x4.sub(m1, m2);
    const evenB = f32x4.add(m3, m4);
    const oddB = f32x4.sub(m3, m4);
    const v0 = output0(v128.load(at), evenA, evenB);
    const v1 = output1(oddA, oddB);
    const v2 = output2(evenA, evenB);
    const v3 = output3(oddA, oddB, v128.load(at, 80));
    // Zeros, or NaN for what is not finite.
    nought = madd(v1, zero, madd(v0, zero, nought));
    nought = madd(v3, zero, madd(v2, zero, nought));
    const whole = columns == 4 && rows == 4;
    transpose(
      f32x4.max(f32x4.add(v0, addend), least),
      f32x4.max(f32x4.add(v1, addend), least),
      f32x4.max(f32x4.add(v2, addend), least),
      f32x4.max(f32x4.add(v3, addend), least),
      whole ? to : at,
      whole ? plane : 16,
    );
    if (!whole) storePart(at, to, plane, rows, columns);
  }
  if (v128.any_true(f32x4.ne(nought, nought))) store<i32>(job.flag, 1);
}
