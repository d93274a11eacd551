// The weight gradient of a 3 × 3 convolution with stride 1 between many channels by Winograd's algorithm, with the symbols of
// winogradFour.ts:
//
//   out = Gᵀ [ Σ (Bᵀ d B) ⊙ (A e Aᵀ) ] G    over all tiles; e are the 4 × 4 output gradients of the pixels d
//
// The sums over the tiles are 36 matrix products, [rows × tiles] · [tiles × channels], one for each place. Each task
// sums over its lines. The tasks of a second job add the sums of the first, in order.
//
// Numerics   float32; the error is about 0.5 millionths of the results: see winogradFour.ts. `flag` reports that a result is
//            not finite, and the caller then computes the result in another way.

import { multiplyTile, ROWS, ROWS_STEP, TILE } from './panels';
import { ADDED, B_STEP, FROM_ZERO } from './tile';
import {
  BLOCK,
  foldFilter,
  LINE,
  PLACES,
  storePairs,
  transformGradients,
  transformLines,
  transformPixels,
} from './winogradFourTransforms';

@unmanaged
export class WinogradFourWeightJob {
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
export function winogradFourWeightSums(rows: i32, depth: i32): i32 {
  return PLACES * TILE * panelsOf(rows) * ((depth + 7) / 8);
}

/** Bytes of the packed operands of a tile. */
export function winogradFourWeightStep(rows: i32, depth: i32): i32 {
  return PLACES * (panelsOf(rows) * <i32>ROWS_STEP + ((depth + 7) / 8) * <i32>B_STEP);
}

/** Bytes of scratch memory: a block, and the packed operands. */
export function winogradFourWeightScratch(rows: i32, depth: i32, steps: i32): i32 {
  return <i32>BLOCK + steps * winogradFourWeightStep(rows, depth);
}

export function winogradFourWeightTask(job: WinogradFourWeightJob, task: i32, scratch: usize): void {
  const part = task / job.cuts;
  const group = part % job.groups;
  const start = (part / job.groups) * job.chunk;
  const first = start + (task % job.cuts) * job.taskLines;
  const last = min(first + job.taskLines, min(start + job.chunk, job.lines));
  const sums = job.sums + <usize>task * <usize>winogradFourWeightSums(job.rows, job.depth);
  let steps = 0;
  let summed = false;
  for (let line = first; line < last;) {
    const plane = (line / job.height) * job.groups + group;
    const y = line % job.height;
    const end = min(job.height, y + last - line);
    for (let top = y; top < end; top += 4) {
      for (let x = 0; x < job.width; x += 4) {
        if (steps == job.steps) {
          multiply(job, steps, scratch, sums, summed);
          summed = true;
          steps = 0;
        }
        packGradients(job, plane, top, x, min(4, end - top), scratch, steps);
        packPixels(job, plane, top, x, scratch, steps);
        steps++;
      }
    }
    line += end - y;
  }
  multiply(job, steps, scratch, sums, summed);
}

/** @param summed whether there are sums that the products are added to */
function multiply(job: WinogradFourWeightJob, steps: i32, scratch: usize, sums: usize, summed: bool): void {
  const rowPanels = panelsOf(job.rows);
  const columnPanels = (job.depth + 7) / 8;
  let a = scratch + BLOCK;
  let b = pixelPanels(job, scratch);
  for (let place = 0; place < PLACES; place++, a += <usize>(rowPanels * job.steps) * ROWS_STEP) {
    for (let j = 0; j < columnPanels; j++, b += <usize>job.steps * B_STEP) {
      for (let i = 0; i < rowPanels; i++, sums += TILE) {
        multiplyTile(a + <usize>(i * job.steps) * ROWS_STEP, b, steps, sums, 32, summed ? ADDED : FROM_ZERO);
      }
    }
  }
}

/** The start of the panels of pixels, after those of gradients. */
function pixelPanels(job: WinogradFourWeightJob, scratch: usize): usize {
  return scratch + BLOCK + <usize>(PLACES * panelsOf(job.rows) * job.steps) * ROWS_STEP;
}

/** A e Aᵀ of the tile at (top, x), for every row. Lanes are rows. */
function packGradients(
  job: WinogradFourWeightJob,
  plane: i32,
  top: i32,
  x: i32,
  lines: i32,
  block: usize,
  step: i32,
): void {
  const line = (<usize>job.width) << 2;
  const positions = <usize>job.height * line;
  const from = job.gradient + <usize>(plane * job.rows) * positions + <usize>top * line + ((<usize>x) << 2);
  const panel = <usize>job.steps * ROWS_STEP;
  const rowPanels = panelsOf(job.rows);
  const placeStep = <usize>rowPanels * panel;
  const exist = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(job.width - x));
  const to = block + BLOCK + <usize>step * ROWS_STEP;
  for (let row = 0; row < job.rows; row += 4) {
    // Rows past the end give sums that are not stored.
    let p0 = from + <usize>row * positions;
    let p1 = from + <usize>min(row + 1, job.rows - 1) * positions;
    let p2 = from + <usize>min(row + 2, job.rows - 1) * positions;
    let p3 = from + <usize>min(row + 3, job.rows - 1) * positions;
    for (let y = 0; y < 4; y++) {
      const at = block + <usize>y * LINE;
      if (y < lines) transformGradients(p0, p1, p2, p3, exist, at);
      else memory.fill(at, 0, LINE);
      p0 += line;
      p1 += line;
      p2 += line;
      p3 += line;
    }
    const first = to + pairOffset(row, panel);
    const second = row + 2 < rowPanels * ROWS ? to + pairOffset(row + 2, panel) : first;
    if (second == first + 8) {
      transformLines(block, first, placeStep);
    } else {
      transformLines(block, block, 16);
      storePairs(block, first, second, placeStep);
    }
  }
}

/** Where a row and the next one lie in the panels. */
@inline
function pairOffset(row: i32, panel: usize): usize {
  return <usize>(row / ROWS) * panel + ((<usize>(row % ROWS)) << 2);
}

/** Bᵀ d B of the tile at (top, x), for every channel. Lanes are channels. */
function packPixels(job: WinogradFourWeightJob, plane: i32, top: i32, x: i32, block: usize, step: i32): void {
  const line = <usize>top * job.imageLine + ((<usize>x) << 2);
  const from = job.image + <usize>(plane * job.depth) * job.imagePlane + line;
  const panel = <usize>job.steps * B_STEP;
  const placeStep = <usize>((job.depth + 7) / 8) * panel;
  const to = pixelPanels(job, block) + <usize>step * B_STEP;
  const end = job.depth - 1;
  for (let c = 0; c < job.depth; c += 4) {
    transformPixels(
      from + <usize>c * job.imagePlane,
      from + <usize>min(c + 1, end) * job.imagePlane,
      from + <usize>min(c + 2, end) * job.imagePlane,
      from + <usize>min(c + 3, end) * job.imagePlane,
      job.imageLine,
      to + <usize>(c >> 3) * panel + <usize>(c & 4) * 4,
      placeStep,
      block,
    );
  }
}

/**
 * Gᵀ S G of the sums S of a part's `cuts` tasks: out [parts, rows, depth, 3, 3]. A task computes a panel's rows of one part.
 */
@unmanaged
export class WinogradFourFinishJob {
  /** Overwritten. */
  sums: usize;
  out: usize;
  /** Set to 1 if a result is not finite. */
  flag: usize;
  cuts: i32;
  rows: i32;
  depth: i32;
}

/** Bytes of scratch memory: a block, and four filters. */
export function winogradFourFinishScratch(): i32 {
  return <i32>BLOCK + 4 * FILTER;
}

/** Bytes of a filter. */
const FILTER: i32 = 36;

export function winogradFourFinishTask(job: WinogradFourFinishJob, task: i32, block: usize): void {
  const rowPanels = panelsOf(job.rows);
  const columnPanels = (job.depth + 7) / 8;
  const placeStep = <usize>(rowPanels * columnPanels * TILE);
  const cutStep = <usize>PLACES * placeStep;
  const part = task / rowPanels;
  const first = (task % rowPanels) * ROWS;
  const last = min(first + ROWS, job.rows);
  const sums = job.sums + <usize>(part * job.cuts) * cutStep + <usize>((task % rowPanels) * TILE);
  const filters = block + BLOCK;
  let nought = f32x4.splat(0);
  for (let c = 0; c < job.depth; c += 4) {
    const tile = sums + <usize>((c >> 3) * rowPanels * TILE);
    if ((c & 4) == 0) {
      for (let place = 0; place < PLACES; place++) addCuts(tile + <usize>place * placeStep, job.cuts, cutStep);
    }
    let at = tile + <usize>(c & 4) * 4;
    for (let row = first; row < last; row++, at += 32) {
      foldFilter(at, placeStep, block);
      for (let element = 0; element < 9; element++) {
        const value = v128.load(block + ((<usize>element) << 4));
        nought = f32x4.add(nought, f32x4.sub(value, value));
        const to = filters + ((<usize>element) << 2);
        v128.store32_lane(to, value, 0);
        v128.store32_lane(to, value, 1, 36);
        v128.store32_lane(to, value, 2, 72);
        v128.store32_lane(to, value, 3, 108);
      }
      const out = job.out + <usize>(((part * job.rows + row) * job.depth + c) * FILTER);
      memory.copy(out, filters, <usize>(min(4, job.depth - c) * FILTER));
    }
  }
  if (v128.any_true(f32x4.ne(nought, nought))) store<i32>(job.flag, 1);
}

/** Adds the tiles of the other cuts to the first, in order. */
function addCuts(tile: usize, cuts: i32, step: usize): void {
  for (let at = tile, end = tile + TILE; at < end; at += 16) {
    let total = v128.load(at);
    let other = at;
    for (let cut = 1; cut < cuts; cut++) {
      other += step;
      total = f32x4.add(total, v128.load(other));
    }
    v128.store(at, total);
  }
}
