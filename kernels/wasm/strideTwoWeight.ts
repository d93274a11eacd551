// The weight gradient of a 3 × 3 convolution with stride 2 between many channels, with the transforms of strideTwo.ts. In one
// dimension, for the gradients g₀ and g₁ of two outputs:
//
//   w₀: (p₀ - p₂) g₀ + p₂ (g₀ + g₁),   w₁: p₁g₀ + p₃g₁,   w₂: p₂ (g₀ + g₁) + (p₄ - p₂) g₁
//
// The sums over the tiles are products of matrices, [rows × tiles] · [tiles × channels]: 25 of them, in 16 sums. Each task
// sums over its lines. The tasks of a second job add the sums of the first, in order.
//
// Numerics   float32: see strideTwo.ts. `flag` reports that a result is not finite, and the caller then computes the result in
//            another way.

import { madd } from './madd';
import { multiplyTile, ROWS, ROWS_STEP, TILE } from './panels';
import { packTiles, placeOf, PLACES } from './strideTwoTransforms';
import { ADDED, B_STEP, FROM_ZERO } from './tile';

/** Places of the gradients, and sums. */
const GRADIENTS: i32 = 9;
const SUMS: i32 = 16;
/** Bytes of a filter. */
const FILTER: i32 = 36;

@unmanaged
export class StrideTwoWeightJob {
  gradient: usize;
  image: usize;
  sums: usize;
  /** Lines of all images, of a part, and of a task. A part is cut into `cuts` tasks. */
  lines: i32;
  chunk: i32;
  taskLines: i32;
  cuts: i32;
  groups: i32;
  rows: i32;
  depth: i32;
  height: i32;
  width: i32;
  imagePlane: usize;
  imageLine: usize;
  /** Tiles whose products are summed together. */
  steps: i32;
}

function panelsOf(rows: i32): i32 {
  return (rows + ROWS - 1) / ROWS;
}

/** Bytes of the sums of a task. */
export function strideTwoWeightSums(rows: i32, depth: i32): i32 {
  return SUMS * TILE * panelsOf(rows) * ((depth + 7) / 8);
}

/** Bytes of the packed operands of a tile. */
export function strideTwoWeightStep(rows: i32, depth: i32): i32 {
  return GRADIENTS * panelsOf(rows) * <i32>ROWS_STEP + PLACES * ((depth + 7) / 8) * <i32>B_STEP;
}

export function strideTwoWeightTask(job: StrideTwoWeightJob, task: i32, scratch: usize): void {
  const part = task / job.cuts;
  const group = part % job.groups;
  const start = (part / job.groups) * job.chunk;
  const first = start + (task % job.cuts) * job.taskLines;
  const last = min(first + job.taskLines, min(start + job.chunk, job.lines));
  const sums = job.sums + <usize>task * <usize>strideTwoWeightSums(job.rows, job.depth);
  let steps = 0;
  let summed = false;
  for (let line = first; line < last;) {
    const plane = (line / job.height) * job.groups + group;
    const y = line % job.height;
    const end = min(job.height, y + last - line);
    for (let top = y; top < end; top += 2) {
      for (let x = 0; x < job.width; x += 2) {
        if (steps == job.steps) {
          multiply(job, steps, scratch, sums, summed);
          summed = true;
          steps = 0;
        }
        packGradients(job, plane, top, x, top + 1 < end, scratch + <usize>steps * ROWS_STEP);
        packPixels(job, plane, top, x, pixelPanels(job, scratch) + <usize>steps * B_STEP);
        steps++;
      }
    }
    line += end - y;
  }
  multiply(job, steps, scratch, sums, summed);
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

/** @param summed whether there are sums that the products are added to */
function multiply(job: StrideTwoWeightJob, steps: i32, scratch: usize, sums: usize, summed: bool): void {
  const rowPanels = panelsOf(job.rows);
  const columnPanels = (job.depth + 7) / 8;
  const rowStep = <usize>job.steps * ROWS_STEP;
  const columnStep = <usize>job.steps * B_STEP;
  const pixels = pixelPanels(job, scratch);
  for (let s = 0; s < 5; s++) {
    for (let t = 0; t < 5; t++) {
      const start = summed || s == 3 || t == 3 ? ADDED : FROM_ZERO;
      const a = scratch + <usize>((3 * gradientOf(s) + gradientOf(t)) * rowPanels) * rowStep;
      let b = pixels + <usize>(placeOf(s, t) * columnPanels) * columnStep;
      let to = sums + <usize>((4 * sumOf(s) + sumOf(t)) * rowPanels * columnPanels * TILE);
      for (let j = 0; j < columnPanels; j++, b += columnStep) {
        for (let i = 0; i < rowPanels; i++, to += TILE) {
          multiplyTile(a + <usize>i * rowStep, b, steps, to, 32, start);
        }
      }
    }
  }
}

/** The start of the panels of pixels, after those of gradients. */
function pixelPanels(job: StrideTwoWeightJob, scratch: usize): usize {
  return scratch + <usize>(GRADIENTS * panelsOf(job.rows) * job.steps) * ROWS_STEP;
}

/** The gradients of the tile at (top, x) for every row: the first, their sum, and the second. Lanes are rows. */
function packGradients(job: StrideTwoWeightJob, plane: i32, top: i32, x: i32, below: bool, to: usize): void {
  const line = (<usize>job.width) << 2;
  const positions = <usize>job.height * line;
  const from = job.gradient + <usize>(plane * job.rows) * positions + <usize>top * line + ((<usize>x) << 2);
  const panel = <usize>job.steps * ROWS_STEP;
  const rowPanels = panelsOf(job.rows);
  const placeStep = <usize>rowPanels * panel;
  const right = i32x4.splat(x + 1 < job.width ? -1 : 0);
  for (let row = 0; row < job.rows; row += 4) {
    // Rows past the end give sums that are not stored.
    const p0 = from + <usize>row * positions;
    const p1 = from + <usize>min(row + 1, job.rows - 1) * positions;
    const p2 = from + <usize>min(row + 2, job.rows - 1) * positions;
    const p3 = from + <usize>min(row + 3, job.rows - 1) * positions;
    const low = pairs(p0, p1);
    const high = pairs(p2, p3);
    const x0 = v128.shuffle<f32>(low, high, 0, 1, 4, 5);
    const x1 = v128.and(v128.shuffle<f32>(low, high, 2, 3, 6, 7), right);
    let y0 = f32x4.splat(0);
    let y1 = y0;
    if (below) {
      const lower = pairs(p0 + line, p1 + line);
      const higher = pairs(p2 + line, p3 + line);
      y0 = v128.shuffle<f32>(lower, higher, 0, 1, 4, 5);
      y1 = v128.and(v128.shuffle<f32>(lower, higher, 2, 3, 6, 7), right);
    }
    const first = to + pairOffset(row, panel);
    const second = row + 2 < rowPanels * ROWS ? to + pairOffset(row + 2, panel) : first;
    putLine(first, second, placeStep, x0, x1);
    putLine(first + 3 * placeStep, second + 3 * placeStep, placeStep, f32x4.add(x0, y0), f32x4.add(x1, y1));
    putLine(first + 6 * placeStep, second + 6 * placeStep, placeStep, y0, y1);
  }
}

/** Two numbers of each of two rows: the first of both, and the second of both. */
@inline
function pairs(p0: usize, p1: usize): v128 {
  return v128.shuffle<f32>(v128.load64_zero(p0), v128.load64_zero(p1), 0, 4, 1, 5);
}

@inline
function putLine(first: usize, second: usize, step: usize, x0: v128, x1: v128): void {
  put(first, second, x0);
  put(first + step, second + step, f32x4.add(x0, x1));
  put(first + 2 * step, second + 2 * step, x1);
}

/** Stores the first two lanes and the last two. The first address wins. */
@inline
function put(first: usize, second: usize, value: v128): void {
  v128.store64_lane(second, value, 1);
  v128.store64_lane(first, value, 0);
}

/** Where a row and the next one lie in the panels. */
@inline
function pairOffset(row: i32, panel: usize): usize {
  return <usize>(row / ROWS) * panel + ((<usize>(row % ROWS)) << 2);
}

/** The pixels of the tile at (top, x), for every channel. Lanes are channels. */
function packPixels(job: StrideTwoWeightJob, plane: i32, top: i32, x: i32, to: usize): void {
  const line = <usize>(2 * top) * job.imageLine + ((<usize>(2 * x)) << 2);
  const from = job.image + <usize>(plane * job.depth) * job.imagePlane + line;
  const panel = <usize>job.steps * B_STEP;
  const placeStep = <usize>((job.depth + 7) / 8) * panel;
  const end = job.depth - 1;
  for (let c = 0; c < job.depth; c += 4) {
    packTiles(
      from + <usize>c * job.imagePlane,
      from + <usize>min(c + 1, end) * job.imagePlane,
      from + <usize>min(c + 2, end) * job.imagePlane,
      from + <usize>min(c + 3, end) * job.imagePlane,
      job.imageLine,
      to + <usize>(c >> 3) * panel + <usize>(c & 4) * 4,
      8,
      placeStep,
    );
  }
}

/** The filters' gradients of a part's `cuts` tasks: out [parts, rows, depth, 3, 3]. A task computes a panel's rows of one part. */
@unmanaged
export class StrideTwoFinishJob {
  sums: usize;
  out: usize;
  /** Set to 1 if a result is not finite. */
  flag: usize;
  cuts: i32;
  rows: i32;
  depth: i32;
}

/** Bytes of scratch memory: four filters. */
export function strideTwoFinishScratch(): i32 {
  return 4 * FILTER;
}

export function strideTwoFinishTask(job: StrideTwoFinishJob, task: i32, filters: usize): void {
  const rowPanels = panelsOf(job.rows);
  const columnPanels = (job.depth + 7) / 8;
  const placeStep = <usize>(rowPanels * columnPanels * TILE);
  const cutStep = <usize>SUMS * placeStep;
  const part = task / rowPanels;
  const first = (task % rowPanels) * ROWS;
  const last = min(first + ROWS, job.rows);
  const sums = job.sums + <usize>(part * job.cuts) * cutStep + <usize>((task % rowPanels) * TILE);
  const zero = f32x4.splat(0);
  let nought = zero;
  for (let row = first; row < last; row++) {
    for (let c = 0; c < job.depth; c += 4) {
      let at = sums + <usize>((c >> 3) * rowPanels * TILE + (row - first) * 32 + (c & 4) * 4);
      for (let i = 0; i < 3; i++, at += 4 * placeStep) {
        // The first element is the sum of the first and the third, and the last that of the third and the fourth.
        const other = <usize>(i == 0 ? 8 : i == 1 ? 0 : 4) * placeStep;
        const x2 = total(job, at + 2 * placeStep, other, cutStep);
        const v0 = f32x4.add(total(job, at, other, cutStep), x2);
        const v1 = total(job, at + placeStep, other, cutStep);
        const v2 = f32x4.add(x2, total(job, at + 3 * placeStep, other, cutStep));
        nought = madd(v2, zero, madd(v1, zero, madd(v0, zero, nought)));
        const to = filters + <usize>(12 * i);
        storeElements(to, v0);
        storeElements(to + 4, v1);
        storeElements(to + 8, v2);
      }
      const out = job.out + <usize>(((part * job.rows + row) * job.depth + c) * FILTER);
      memory.copy(out, filters, <usize>(min(4, job.depth - c) * FILTER));
    }
  }
  if (v128.any_true(f32x4.ne(nought, nought))) store<i32>(job.flag, 1);
}

/** Four sums of all cuts, in order, and the others if there are any. */
function total(job: StrideTwoFinishJob, at: usize, other: usize, step: usize): v128 {
  let value = sumCuts(at, job.cuts, step);
  if (other > 0) value = f32x4.add(value, sumCuts(at + other, job.cuts, step));
  return value;
}

@inline
function sumCuts(at: usize, cuts: i32, step: usize): v128 {
  let value = v128.load(at);
  for (let cut = 1; cut < cuts; cut++) {
    at += step;
    value = f32x4.add(value, v128.load(at));
  }
  return value;
}

/** One element of four filters. */
@inline
function storeElements(to: usize, value: v128): void {
  v128.store32_lane(to, value, 0);
  v128.store32_lane(to, value, 1, 36);
  v128.store32_lane(to, value, 2, 72);
  v128.store32_lane(to, value, 3, 108);
}
