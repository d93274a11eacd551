// Convolutions of 3 × 3 with stride 2 between many channels, and their input gradients, with 25 products instead of 36 for
// each four outputs.
//
// In one dimension, two outputs are y₀ = p₀w₀ + p₁w₁ + p₂w₂ and y₁ = p₂w₀ + p₃w₁ + p₄w₂. The even pixels are a convolution
// of two elements, which Winograd's F(2, 2) computes with three products instead of four:
//
//   m₀ = (p₀ - p₂) w₀ + p₁w₁,   m₁ = p₂ (w₀ + w₂),   m₂ = (p₄ - p₂) w₂ + p₃w₁;   y₀ = m₀ + m₁,   y₁ = m₁ + m₂
//
// So there are nine sums in two dimensions, over one, two or four products for each channel. In the input gradient, pixels of
// one parity see one output, and those of the other see two: d₀w₁, (d₀ - d₁) w₂ + d₁ (w₀ + w₂), d₁w₁ and
// d₁ (w₀ + w₂) + (d₂ - d₁) w₀ for outputs d, with padding 1.
//
// The sums are products of matrices: see tiled.ts.
//
// Numerics   float32; exact on small integers. The error is no larger than that of a float32 sum by the definition. A pixel
//            that is not finite would spoil its neighbours' outputs. `flag` reports that an output is not finite, and the
//            caller then computes the result in another way.

import { madd } from './madd';
import { transpose } from './pack';
import { multiplyTile, ROWS_STEP, TILE } from './panels';
import { packOutputs, packTiles, placeOf, PLACES } from './strideTwoTransforms';
import { B_STEP, FROM_ZERO } from './tile';
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

/** The outputs. A tile has 2 × 2 of them, of 5 × 5 pixels. */
export function strideTwoTask(job: TiledJob, task: i32, block: usize): void {
  multiplyTiles(job, task, block, 2, 4, PLACES, PLACES, packTiles, multiplyPixels, storeOutputs);
}

/** The gradient of the images. A tile has 4 × 4 pixels, which see 3 × 3 outputs. */
export function strideTwoGradientTask(job: TiledJob, task: i32, block: usize): void {
  multiplyTiles(job, task, block, 4, 2, PLACES, 16, packOutputs, multiplyGradients, storePixels);
}

/** The nine sums of the outputs. */
function multiplyPixels(a: usize, b: usize, depth: i32, to: usize): void {
  for (let u = 0; u < 3; u++) {
    for (let v = 0; v < 3; v++, to += TILE) {
      const steps = (u == 1 ? 1 : 2) * (v == 1 ? 1 : 2) * depth;
      multiplyTile(a, b, steps, to, 32, FROM_ZERO);
      a += <usize>steps * ROWS_STEP;
      b += <usize>steps * B_STEP;
    }
  }
}

/** The 25 sums of the gradient. The third of the four outputs has two filters. */
function multiplyGradients(a: usize, b: usize, depth: i32, to: usize): void {
  const step = <usize>depth * ROWS_STEP;
  for (let s = 0; s < 5; s++) {
    const line = a + <usize>(4 * (s > 2 ? s - 1 : s)) * step;
    for (let t = 0; t < 5; t++, to += TILE, b += <usize>depth * B_STEP) {
      multiplyTile(line + <usize>(t > 2 ? t - 1 : t) * step, b, depth, to, 32, FROM_ZERO);
    }
  }
}

/** Stores the 2 × 2 outputs of a tile, with bias and relu, in four rows. Lanes are rows. */
function storeOutputs(job: TiledJob, group: i32, row: i32, noted: usize, sums: usize, _block: usize): void {
  const line = (<usize>job.width) << 2;
  const plane = <usize>job.height * line;
  const lines = linesOf(noted);
  const columns = columnsOf(noted);
  const rows = min(4, job.rows - row);
  const zero = f32x4.splat(0);
  const least = f32x4.splat(job.relu ? 0 : -Infinity);
  const addend = job.hasBias ? v128.load(job.bias + ((<usize>(group * job.rows + row)) << 2)) : zero;
  let nought = zero;
  let to = outOf(noted) + <usize>row * plane;
  for (let y = 0; y < lines; y++, to += line, sums += 3 * TILE) {
    const middle = f32x4.add(v128.load(sums + TILE), v128.load(sums + 4 * TILE));
    let v0 = f32x4.add(f32x4.add(v128.load(sums), v128.load(sums + 3 * TILE)), middle);
    let v1 = f32x4.add(f32x4.add(v128.load(sums + 2 * TILE), v128.load(sums + 5 * TILE)), middle);
    // Zeros, or NaN for what is not finite.
    nought = madd(v1, zero, madd(v0, zero, nought));
    v0 = f32x4.max(f32x4.add(v0, addend), least);
    v1 = f32x4.max(f32x4.add(v1, addend), least);
    if (columns == 2) {
      const low = v128.shuffle<f32>(v0, v1, 0, 4, 1, 5);
      const high = v128.shuffle<f32>(v0, v1, 2, 6, 3, 7);
      v128.store64_lane(to, low, 0);
      if (rows > 1) v128.store64_lane(to + plane, low, 1);
      if (rows > 2) v128.store64_lane(to + 2 * plane, high, 0);
      if (rows > 3) v128.store64_lane(to + 3 * plane, high, 1);
    } else {
      v128.store32_lane(to, v0, 0);
      if (rows > 1) v128.store32_lane(to + plane, v0, 1);
      if (rows > 2) v128.store32_lane(to + 2 * plane, v0, 2);
      if (rows > 3) v128.store32_lane(to + 3 * plane, v0, 3);
    }
  }
  if (v128.any_true(f32x4.ne(nought, nought))) store<i32>(job.flag, 1);
}

/** Stores the gradient of the 4 × 4 pixels of a tile, in four rows. Lanes are rows. */
function storePixels(job: TiledJob, group: i32, row: i32, noted: usize, sums: usize, block: usize): void {
  const line = (<usize>job.width) << 2;
  const plane = <usize>job.height * line;
  const lines = linesOf(noted);
  const columns = columnsOf(noted);
  const rows = min(4, job.rows - row);
  const whole = columns == 4 && rows == 4;
  const zero = f32x4.splat(0);
  let nought = zero;
  let to = outOf(noted) + <usize>row * plane;
  for (let y = 0; y < lines; y++, to += line) {
    // Odd lines are the sums of two: of the second and third, and of the third and fifth.
    const even = y & 1;
    const from = sums + <usize>((even == 0 ? (y == 0 ? 0 : 3) : y == 1 ? 1 : 2) * 5 * TILE);
    const step = <usize>((even == 0 ? 0 : y == 1 ? 1 : 2) * 5 * TILE);
    const m1 = sumOf(from + TILE, step);
    const m2 = sumOf(from + 2 * TILE, step);
    const m4 = sumOf(from + 4 * TILE, step);
    const v0 = sumOf(from, step);
    const v1 = f32x4.add(m1, m2);
    const v2 = sumOf(from + 3 * TILE, step);
    const v3 = f32x4.add(m2, m4);
    nought = madd(v1, zero, madd(v0, zero, nought));
    nought = madd(v3, zero, madd(v2, zero, nought));
    transpose(v0, v1, v2, v3, whole ? to : block, whole ? plane : 16);
    if (!whole) storePart(block, to, plane, rows, columns);
  }
  if (v128.any_true(f32x4.ne(nought, nought))) store<i32>(job.flag, 1);
}

/** Two sums added, or one. */
@inline
function sumOf(at: usize, step: usize): v128 {
  const value = v128.load(at);
  return step == 0 ? value : f32x4.add(value, v128.load(at + step));
}

/** The 25 sums of elements of each filter; for the input gradient, filters are flipped. */
export function strideTwoFiltersTask(job: TiledFiltersJob, task: i32, block: usize): void {
  packTiledFilters(job, task, block, PLACES, job.flipped ? flippedFilters : filters);
}

function filters(elements: usize, _block: usize, to: usize, placeStep: usize): void {
  for (let s = 0; s < 5; s++) {
    for (let t = 0; t < 5; t++) {
      v128.store(to + <usize>placeOf(s, t) * placeStep, sumAt(elements, elementOf(s), elementOf(t)));
    }
  }
}

/** Multiplied with the first output, with two, with the same two, the second, and with two. */
function flippedFilters(elements: usize, _block: usize, to: usize, placeStep: usize): void {
  for (let s = 0; s < 5; s++) {
    const i = s < 2 ? 1 - s : elementOf(s);
    for (let t = 0; t < 5; t++, to += placeStep) {
      v128.store(to, sumAt(elements, i, t < 2 ? 1 - t : elementOf(t)));
    }
  }
}

/** The element of a place; -1 for the sum of the first and the last. */
@inline
function elementOf(place: i32): i32 {
  return place == 2 ? -1 : place < 2 ? place : place - 2;
}

function sumAt(elements: usize, i: i32, j: i32): v128 {
  if (j < 0) return f32x4.add(sumDown(elements, i, 0), sumDown(elements, i, 2));
  return sumDown(elements, i, j);
}

function sumDown(elements: usize, i: i32, j: i32): v128 {
  const at = elements + ((<usize>j) << 4);
  if (i < 0) return f32x4.add(v128.load(at), v128.load(at, 96));
  return v128.load(at + ((<usize>i * 3) << 4));
}
