// The weight gradient of a 3 × 3 convolution with stride 1 by Winograd's algorithm, whose symbols winograd.ts explains:
//
//   out = Gᵀ [ Σ (Bᵀ d B) ⊙ (A e Aᵀ) ] G    over all tiles; e are the 2 × 2 gradients of the outputs that see d
//
// The sums over the tiles are 16 products of matrices, [rows × tiles] · [tiles × channels], one for each place. Tasks add
// up what lies in their lines; `finishWeights` adds up the tasks, in order.
//
// Numerics   float32. Where some result is not finite, `finishWeights` says so, and the caller has to compute it otherwise.

import { transpose } from './pack';
import { A_STEP, B_STEP, tile } from './tile';
import { PLACES, transformTiles } from './winogradTiles';

@unmanaged
export class WinogradWeightJob {
  gradient: usize;
  image: usize;
  sums: usize;
  /** Lines of all images, and those of a part and of a task: a part is cut into `cuts` tasks. */
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
  /** Tiles whose products are summed at a time, a multiple of four. */
  steps: i32;
}

/** Bytes of a block of four rows' or channels' numbers in all places, for four tiles. */
const SQUARE: usize = 1024;

/** Bytes of scratch memory: a block of numbers to be transposed, and the packed operands. */
export function winogradWeightScratch(rows: i32, depth: i32, steps: i32): i32 {
  const perStep = ((rows + 3) / 4) * 16 + ((depth + 7) / 8) * 32;
  return <i32>SQUARE + PLACES * steps * perStep;
}

export function winogradWeightTask(job: WinogradWeightJob, task: i32, scratch: usize): void {
  const part = task / job.cuts;
  const group = part % job.groups;
  const start = (part / job.groups) * job.chunk;
  const first = start + (task % job.cuts) * job.taskLines;
  const last = min(first + job.taskLines, min(start + job.chunk, job.lines));
  const panels = ((job.rows + 3) / 4) * ((job.depth + 7) / 8);
  const sums = job.sums + <usize>(task * PLACES * panels) * 128;
  memory.fill(sums, 0, <usize>(PLACES * panels) * 128);
  let steps = 0;
  for (let line = first; line < last;) {
    const plane = (line / job.height) * job.groups + group;
    const y = line % job.height;
    const end = min(job.height, y + last - line);
    for (let top = y; top < end; top += 2) {
      for (let x = 0; x < job.width; x += 8) {
        packGradients(job, plane, top, x, top + 1 < end, scratch, steps);
        packPixels(job, plane, top, x, scratch, steps);
        steps += 4;
        if (steps == job.steps) {
          multiply(job, steps, scratch, sums);
          steps = 0;
        }
      }
    }
    line += end - y;
  }
  multiply(job, steps, scratch, sums);
}

function multiply(job: WinogradWeightJob, steps: i32, scratch: usize, sums: usize): void {
  const rowPanels = (job.rows + 3) / 4;
  const columnPanels = (job.depth + 7) / 8;
  let a = scratch + SQUARE;
  let b = pixelPanels(job, scratch);
  for (let place = 0; place < PLACES; place++, a += <usize>(rowPanels * job.steps) * A_STEP) {
    for (let j = 0; j < columnPanels; j++, b += <usize>job.steps * B_STEP) {
      for (let i = 0; i < rowPanels; i++, sums += 128) {
        tile(a + <usize>(i * job.steps) * A_STEP, b, steps, sums, 32, true);
      }
    }
  }
}

/** Where the panels of pixels begin, behind those of gradients. */
function pixelPanels(job: WinogradWeightJob, scratch: usize): usize {
  return scratch + SQUARE + <usize>(PLACES * ((job.rows + 3) / 4) * job.steps) * A_STEP;
}

/** A e Aᵀ of the four tiles at (top, x), for every row. */
function packGradients(
  job: WinogradWeightJob,
  plane: i32,
  top: i32,
  x: i32,
  hasBottom: bool,
  scratch: usize,
  step: i32,
): void {
  const line = (<usize>job.width) << 2;
  const positions = <usize>job.height * line;
  const from = job.gradient + <usize>(plane * job.rows) * positions + <usize>top * line + ((<usize>x) << 2);
  const lanes = i32x4(0, 1, 2, 3);
  const left = i32x4.lt_s(lanes, i32x4.splat(job.width - x));
  const right = i32x4.lt_s(lanes, i32x4.splat(job.width - x - 4));
  const panel = <usize>job.steps * A_STEP;
  const placeStep = <usize>((job.rows + 3) / 4) * panel;
  let to = scratch + SQUARE + <usize>step * A_STEP;
  for (let row = 0; row < job.rows; row += 4, to += panel) {
    for (let lane = 0; lane < 4; lane++) {
      // Rows past the last are sums that nobody stores.
      const at = from + <usize>min(row + lane, job.rows - 1) * positions;
      const a0 = v128.and(v128.load(at), left);
      const b0 = v128.and(v128.load(at, 16), right);
      let a1 = f32x4.splat(0);
      let b1 = a1;
      if (hasBottom) {
        a1 = v128.and(v128.load(at + line), left);
        b1 = v128.and(v128.load(at + line, 16), right);
      }
      const square = scratch + ((<usize>lane) << 4);
      storeGradients(a0, b0, square);
      storeGradients(f32x4.add(a0, a1), f32x4.add(b0, b1), square + 256);
      storeGradients(f32x4.sub(a0, a1), f32x4.sub(b0, b1), square + 512);
      storeGradients(f32x4.neg(a1), f32x4.neg(b1), square + 768);
    }
    transposePlaces(scratch, to, A_STEP, placeStep);
  }
}

/** A line of eight gradients, a pair for each of four tiles, times Aᵀ. */
function storeGradients(left: v128, right: v128, to: usize): void {
  const even = v128.shuffle<f32>(left, right, 0, 2, 4, 6);
  const odd = v128.shuffle<f32>(left, right, 1, 3, 5, 7);
  v128.store(to, even);
  v128.store(to, f32x4.add(even, odd), 64);
  v128.store(to, f32x4.sub(even, odd), 128);
  v128.store(to, f32x4.neg(odd), 192);
}

/** Bᵀ d B of the four tiles at (top, x), for every channel. */
function packPixels(job: WinogradWeightJob, plane: i32, top: i32, x: i32, scratch: usize, step: i32): void {
  const line = <usize>top * job.imageLine + ((<usize>x) << 2);
  const from = job.image + <usize>(plane * job.depth) * job.imagePlane + line;
  const panel = <usize>job.steps * B_STEP;
  const placeStep = <usize>((job.depth + 7) / 8) * panel;
  let to = pixelPanels(job, scratch) + <usize>step * B_STEP;
  for (let c = 0; c < job.depth; c += 8, to += panel) {
    for (let half = 0; half < 8; half += 4) {
      for (let lane = 0; lane < 4; lane++) {
        const pixels = from + <usize>min(c + half + lane, job.depth - 1) * job.imagePlane;
        transformTiles(pixels, job.imageLine, scratch + ((<usize>lane) << 4), 64);
      }
      transposePlaces(scratch, to + ((<usize>half) << 2), B_STEP, placeStep);
    }
  }
}

/** From four tiles of each of four lanes to four lanes of each of four tiles, in every place. */
function transposePlaces(from: usize, to: usize, toStep: usize, placeStep: usize): void {
  for (let place = 0; place < PLACES; place++, from += 64, to += placeStep) {
    transpose(v128.load(from), v128.load(from, 16), v128.load(from, 32), v128.load(from, 48), to, toStep);
  }
}

/**
 * Gᵀ S G of the `cuts` tasks' sums S of every part: out [parts, rows, depth, 3, 3].
 *
 * @param sums is overwritten
 * @returns whether all of it is finite
 */
export function finishWeights(sums: usize, out: usize, parts: i32, cuts: i32, rows: i32, depth: i32): bool {
  const rowPanels = (rows + 3) / 4;
  const columnPanels = (depth + 7) / 8;
  const size = <usize>(PLACES * rowPanels * columnPanels) * 128;
  let finite = true;
  for (let part = 0; part < parts; part++, sums += <usize>cuts * size) {
    for (let cut = 1; cut < cuts; cut++) {
      const other = sums + <usize>cut * size;
      for (let at: usize = 0; at < size; at += 16) {
        v128.store(sums + at, f32x4.add(v128.load(sums + at), v128.load(other + at)));
      }
    }
    for (let row = 0; row < rows; row++) {
      for (let c = 0; c < depth; c++, out += 36) {
        const block = <usize>((c >> 3) * rowPanels + (row >> 2)) * 128;
        const at = sums + block + <usize>(((row & 3) * 8 + (c & 7)) << 2);
        if (!finishFilter(at, <usize>(rowPanels * columnPanels) * 128, out)) finite = false;
      }
    }
  }
  return finite;
}

/** Gᵀ S G of one filter. */
function finishFilter(sums: usize, placeStep: usize, out: usize): bool {
  let nought: f32 = 0;
  for (let row = 0; row < 3; row++, out += 12) {
    const p0 = finishColumn(sums, row, placeStep);
    const p1 = finishColumn(sums + placeStep, row, placeStep);
    const p2 = finishColumn(sums + 2 * placeStep, row, placeStep);
    const p3 = finishColumn(sums + 3 * placeStep, row, placeStep);
    const outer: f32 = 0.5 * (p1 + p2);
    const left: f32 = p0 + outer;
    const middle: f32 = 0.5 * (p1 - p2);
    const right: f32 = outer + p3;
    store<f32>(out, left);
    store<f32>(out, middle, 4);
    store<f32>(out, right, 8);
    nought += left - left + (middle - middle) + (right - right);
  }
  return nought == 0;
}

/** An element of a column of Gᵀ S. */
function finishColumn(sums: usize, row: i32, placeStep: usize): f32 {
  const s1 = load<f32>(sums + 4 * placeStep);
  const s2 = load<f32>(sums + 8 * placeStep);
  const half: f32 = 0.5;
  if (row == 1) return half * (s1 - s2);
  return half * (s1 + s2) + load<f32>(sums + (row == 0 ? 0 : 12 * placeStep));
}
