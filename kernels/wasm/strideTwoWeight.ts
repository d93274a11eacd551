// The weight gradient of a 3 × 3 convolution with stride 2 between many channels, with the transforms of strideTwo.ts. In one
// dimension, for the gradients g₀ and g₁ of two outputs:
//
//   w₀: (p₀ - p₂) g₀ + p₂ (g₀ + g₁),   w₁: p₁g₀ + p₃g₁,   w₂: p₂ (g₀ + g₁) + (p₄ - p₂) g₁
//
// The sums over the tiles are 25 products of matrices, in 16 sums: see tiledWeight.ts.
//
// Numerics   float32: see strideTwo.ts. `flag` reports that a result is not finite, and the caller then computes the result in
//            another way.

import { multiplyTile, ROWS_STEP, TILE } from './panels';
import { packTiles, placeOf, put } from './strideTwoTransforms';
import { ADDED, B_STEP } from './tile';
import {
  columnPanelsOf,
  finishTiles,
  rowPanelsOf,
  sumTiles,
  TiledFinishJob,
  TiledWeightJob,
} from './tiledWeight';

/** Places of the gradients, and sums. */
const GRADIENTS: i32 = 9;
const SUMS: i32 = 16;

export function strideTwoWeightTask(job: TiledWeightJob, task: i32, block: usize): void {
  sumTiles(job, task, block, 2, 2, GRADIENTS, SUMS, packGradients, packTiles, multiply);
}

export function strideTwoFinishTask(job: TiledFinishJob, task: i32, block: usize): void {
  finishTiles(job, task, block, SUMS, fold);
}

/** The place of the gradients that a line or column of pixels is multiplied with. */
@inline
function gradientOf(place: i32): i32 {
  return place < 2 ? 0 : place == 2 ? 1 : 2;
}

/** The sum of a line or column: the second and the fourth have one. */
@inline
function sumOf(place: i32): i32 {
  return place == 3 ? 1 : place == 4 ? 3 : place;
}

function multiply(job: TiledWeightJob, a: usize, b: usize, steps: i32, sums: usize, start: i32): void {
  const rowPanels = rowPanelsOf(job.rows);
  const columnPanels = columnPanelsOf(job.depth);
  const rowStep = <usize>job.steps * ROWS_STEP;
  const columnStep = <usize>job.steps * B_STEP;
  for (let s = 0; s < 5; s++) {
    for (let t = 0; t < 5; t++) {
      const first = s == 3 || t == 3 ? ADDED : start;
      const gradients = a + <usize>((3 * gradientOf(s) + gradientOf(t)) * rowPanels) * rowStep;
      let pixels = b + <usize>(placeOf(s, t) * columnPanels) * columnStep;
      let to = sums + <usize>((4 * sumOf(s) + sumOf(t)) * rowPanels * columnPanels * TILE);
      for (let j = 0; j < columnPanels; j++, pixels += columnStep) {
        for (let i = 0; i < rowPanels; i++, to += TILE) {
          multiplyTile(gradients + <usize>i * rowStep, pixels, steps, to, 32, first);
        }
      }
    }
  }
}

/** In each direction the first gradient, the sum of both, and the second: see `PackGradients` in tiledWeight.ts. */
function packGradients(
  p0: usize,
  p1: usize,
  p2: usize,
  p3: usize,
  line: usize,
  lines: i32,
  columns: i32,
  to: usize,
  apart: usize,
  placeStep: usize,
  _block: usize,
): void {
  const right = i32x4.splat(columns > 1 ? -1 : 0);
  const low = pairs(p0, p1);
  const high = pairs(p2, p3);
  const x0 = v128.shuffle<f32>(low, high, 0, 1, 4, 5);
  const x1 = v128.and(v128.shuffle<f32>(low, high, 2, 3, 6, 7), right);
  let y0 = f32x4.splat(0);
  let y1 = y0;
  if (lines > 1) {
    const lower = pairs(p0 + line, p1 + line);
    const higher = pairs(p2 + line, p3 + line);
    y0 = v128.shuffle<f32>(lower, higher, 0, 1, 4, 5);
    y1 = v128.and(v128.shuffle<f32>(lower, higher, 2, 3, 6, 7), right);
  }
  putLine(to, apart, placeStep, x0, x1);
  putLine(to + 3 * placeStep, apart, placeStep, f32x4.add(x0, y0), f32x4.add(x1, y1));
  putLine(to + 6 * placeStep, apart, placeStep, y0, y1);
}

/** Two numbers of each of two rows: the first of both, and the second of both. */
@inline
function pairs(p0: usize, p1: usize): v128 {
  return v128.shuffle<f32>(v128.load64_zero(p0), v128.load64_zero(p1), 0, 4, 1, 5);
}

@inline
function putLine(to: usize, apart: usize, step: usize, x0: v128, x1: v128): void {
  put(to, apart, x0);
  put(to + step, apart, f32x4.add(x0, x1));
  put(to + 2 * step, apart, x1);
}

/** Nine elements of four filters, from 4 × 4 sums: see `Fold` in tiledWeight.ts. */
function fold(sums: usize, placeStep: usize, to: usize): void {
  for (let i = 0; i < 3; i++, sums += 4 * placeStep, to += 48) {
    // The first element is the sum of the first and the third, and the last that of the third and the fourth.
    const other = <usize>(i == 0 ? 8 : i == 1 ? 0 : 4) * placeStep;
    const x2 = sumWith(sums + 2 * placeStep, other);
    v128.store(to, f32x4.add(sumWith(sums, other), x2));
    v128.store(to, sumWith(sums + placeStep, other), 16);
    v128.store(to, f32x4.add(x2, sumWith(sums + 3 * placeStep, other)), 32);
  }
}

/** A sum, and another one if there is any. */
@inline
function sumWith(at: usize, other: usize): v128 {
  const value = v128.load(at);
  return other > 0 ? f32x4.add(value, v128.load(at + other)) : value;
}
