// The weight gradient of a 3 × 3 convolution with stride 1 by Winograd's algorithm, with the symbols of winograd.ts:
//
//   out = Gᵀ [ Σ (Bᵀ d B) ⊙ (A e Aᵀ) ] G    over all tiles; e are the 2 × 2 output gradients of the pixels d
//
// The sums over the tiles are 16 matrix products, [rows × tiles] · [tiles × channels], one for each place. Each task
// sums over its lines. The tasks of a second job add the sums of the first, in order.
//
// Tiles are packed four at a time, so the walk differs from that of tiledWeight.ts, whose jobs these are. `steps` is four or more.
//
// Numerics   float32. `flag` reports that a result is not finite, and the caller then computes the result in another
//            way.

import { transpose } from './pack';
import { A_STEP, B_STEP, FROM_SUMS, tile } from './tile';
import { addCuts, TiledFinishJob, TiledWeightJob } from './tiledWeight';
import { PLACES } from './winogradTiles';

/** Bytes of a line of twelve pixels for four rows or channels, and of the four lines that four tiles read. */
const LINE: usize = 192;
const SQUARE: usize = 768;
/** Bytes of a tile of sums: four rows of eight. */
const TILE: usize = 128;

/** Bytes of scratch memory: a block of pixels, and the packed operands. */
export function winogradWeightScratch(rows: i32, depth: i32, steps: i32): i32 {
  const perStep = ((rows + 3) / 4) * 16 + ((depth + 7) / 8) * 32;
  return <i32>SQUARE + PLACES * steps * perStep;
}

export function winogradWeightTask(job: TiledWeightJob, task: i32, scratch: usize): void {
  const part = task / job.cuts;
  const group = part % job.groups;
  const start = (part / job.groups) * job.chunk;
  const first = start + (task % job.cuts) * job.taskLines;
  const last = min(first + job.taskLines, min(start + job.chunk, job.lines));
  const panels = ((job.rows + 3) / 4) * ((job.depth + 7) / 8);
  const sums = job.sums + <usize>(task * PLACES * panels) * TILE;
  memory.fill(sums, 0, <usize>(PLACES * panels) * TILE);
  let steps = 0;
  for (let line = first; line < last;) {
    const plane = (line / job.height) * job.groups + group;
    const y = line % job.height;
    const end = min(job.height, y + last - line);
    for (let top = y; top < end; top += 2) {
      for (let x = 0; x < job.width; x += 8) {
        if (steps + 4 > job.steps) {
          multiply(job, steps, scratch, sums);
          steps = 0;
        }
        // If the last of four tiles does not exist, the next ones take its place.
        packGradients(job, plane, top, x, top + 1 < end, scratch, steps);
        packPixels(job, plane, top, x, scratch, steps);
        steps += min(4, (job.width - x + 1) / 2);
      }
    }
    line += end - y;
  }
  multiply(job, steps, scratch, sums);
}

function multiply(job: TiledWeightJob, steps: i32, scratch: usize, sums: usize): void {
  const rowPanels = (job.rows + 3) / 4;
  const columnPanels = (job.depth + 7) / 8;
  let a = scratch + SQUARE;
  let b = pixelPanels(job, scratch);
  for (let place = 0; place < PLACES; place++, a += <usize>(rowPanels * job.steps) * A_STEP) {
    for (let j = 0; j < columnPanels; j++, b += <usize>job.steps * B_STEP) {
      for (let i = 0; i < rowPanels; i++, sums += TILE) {
        tile(a + <usize>(i * job.steps) * A_STEP, b, steps, sums, 32, FROM_SUMS);
      }
    }
  }
}

/** The start of the panels of pixels, after those of gradients. */
function pixelPanels(job: TiledWeightJob, scratch: usize): usize {
  return scratch + SQUARE + <usize>(PLACES * ((job.rows + 3) / 4) * job.steps) * A_STEP;
}

/** A e Aᵀ of the four tiles at (top, x), for every row. Pixels are transposed first, so lanes are rows. */
function packGradients(
  job: TiledWeightJob,
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
  const panel = <usize>job.steps * A_STEP;
  const placeStep = <usize>((job.rows + 3) / 4) * panel;
  let to = scratch + SQUARE + <usize>step * A_STEP;
  memory.fill(scratch + LINE, 0, LINE);
  for (let row = 0; row < job.rows; row += 4, to += panel) {
    const r0 = from + <usize>row * positions;
    // Rows past the end give sums that are not stored.
    const r1 = from + <usize>min(row + 1, job.rows - 1) * positions;
    const r2 = from + <usize>min(row + 2, job.rows - 1) * positions;
    const r3 = from + <usize>min(row + 3, job.rows - 1) * positions;
    for (let half: usize = 0; half < 32; half += 16) {
      const exist = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(job.width - x - (<i32>half >> 2)));
      transposeFour(r0 + half, r1 + half, r2 + half, r3 + half, exist, scratch + 4 * half);
      if (hasBottom) {
        const at = half + line;
        transposeFour(r0 + at, r1 + at, r2 + at, r3 + at, exist, scratch + LINE + 4 * half);
      }
    }
    for (let tile: usize = 0; tile < 4; tile++) {
      const at = scratch + 32 * tile;
      const a0 = v128.load(at);
      const b0 = v128.load(at, 16);
      const a1 = v128.load(at, LINE);
      const b1 = v128.load(at, LINE + 16);
      const place = to + tile * A_STEP;
      storeGradients(a0, b0, place, placeStep);
      storeGradients(f32x4.add(a0, a1), f32x4.add(b0, b1), place + 4 * placeStep, placeStep);
      storeGradients(f32x4.sub(a0, a1), f32x4.sub(b0, b1), place + 8 * placeStep, placeStep);
      storeGradients(f32x4.neg(a1), f32x4.neg(b1), place + 12 * placeStep, placeStep);
    }
  }
}

/** A line of two gradients times Aᵀ. */
@inline
function storeGradients(left: v128, right: v128, to: usize, placeStep: usize): void {
  v128.store(to, left);
  v128.store(to + placeStep, f32x4.add(left, right));
  v128.store(to + 2 * placeStep, f32x4.sub(left, right));
  v128.store(to + 3 * placeStep, f32x4.neg(right));
}

/** Bᵀ d B of the four tiles at (top, x), for every channel. Pixels are transposed first, so lanes are channels. */
function packPixels(job: TiledWeightJob, plane: i32, top: i32, x: i32, scratch: usize, step: i32): void {
  const line = <usize>top * job.imageLine + ((<usize>x) << 2);
  const from = job.image + <usize>(plane * job.depth) * job.imagePlane + line;
  const panel = <usize>job.steps * B_STEP;
  const placeStep = <usize>((job.depth + 7) / 8) * panel;
  const all = i32x4.splat(-1);
  let to = pixelPanels(job, scratch) + <usize>step * B_STEP;
  for (let c = 0; c < job.depth; c += 8, to += panel) {
    for (let half = 0; half < 8; half += 4) {
      let c0 = from + <usize>min(c + half, job.depth - 1) * job.imagePlane;
      let c1 = from + <usize>min(c + half + 1, job.depth - 1) * job.imagePlane;
      let c2 = from + <usize>min(c + half + 2, job.depth - 1) * job.imagePlane;
      let c3 = from + <usize>min(c + half + 3, job.depth - 1) * job.imagePlane;
      for (let row: usize = 0; row < 4; row++) {
        const at = scratch + row * LINE;
        transposeFour(c0, c1, c2, c3, all, at);
        transposeFour(c0 + 16, c1 + 16, c2 + 16, c3 + 16, all, at + 64);
        transposeFour(c0 + 32, c1 + 32, c2 + 32, c3 + 32, all, at + 128);
        c0 += job.imageLine;
        c1 += job.imageLine;
        c2 += job.imageLine;
        c3 += job.imageLine;
      }
      let place = to + ((<usize>half) << 2);
      for (let tile: usize = 0; tile < 4; tile++, place += B_STEP) {
        transformPixels(scratch + 32 * tile, place, placeStep);
      }
    }
  }
}

/** Bᵀ d B of one tile, whose pixels are vectors. */
@inline
function transformPixels(d: usize, to: usize, placeStep: usize): void {
  const a2 = v128.load(d, 2 * LINE);
  const b2 = v128.load(d, 2 * LINE + 16);
  const c2 = v128.load(d, 2 * LINE + 32);
  const d2 = v128.load(d, 2 * LINE + 48);
  storePixels(
    f32x4.sub(v128.load(d), a2),
    f32x4.sub(v128.load(d, 16), b2),
    f32x4.sub(v128.load(d, 32), c2),
    f32x4.sub(v128.load(d, 48), d2),
    to,
    placeStep,
  );
  const a1 = v128.load(d, LINE);
  const b1 = v128.load(d, LINE + 16);
  const c1 = v128.load(d, LINE + 32);
  const d1 = v128.load(d, LINE + 48);
  storePixels(
    f32x4.add(a1, a2),
    f32x4.add(b1, b2),
    f32x4.add(c1, c2),
    f32x4.add(d1, d2),
    to + 4 * placeStep,
    placeStep,
  );
  storePixels(
    f32x4.sub(a2, a1),
    f32x4.sub(b2, b1),
    f32x4.sub(c2, c1),
    f32x4.sub(d2, d1),
    to + 8 * placeStep,
    placeStep,
  );
  storePixels(
    f32x4.sub(a1, v128.load(d, 3 * LINE)),
    f32x4.sub(b1, v128.load(d, 3 * LINE + 16)),
    f32x4.sub(c1, v128.load(d, 3 * LINE + 32)),
    f32x4.sub(d1, v128.load(d, 3 * LINE + 48)),
    to + 12 * placeStep,
    placeStep,
  );
}

/** A line of four pixels times B. */
@inline
function storePixels(p0: v128, p1: v128, p2: v128, p3: v128, to: usize, placeStep: usize): void {
  v128.store(to, f32x4.sub(p0, p2));
  v128.store(to + placeStep, f32x4.add(p1, p2));
  v128.store(to + 2 * placeStep, f32x4.sub(p2, p1));
  v128.store(to + 3 * placeStep, f32x4.sub(p1, p3));
}

/** Four pixels of each of four planes, stored as four vectors. Missing pixels are zero. */
@inline
function transposeFour(p0: usize, p1: usize, p2: usize, p3: usize, exist: v128, to: usize): void {
  transpose(
    v128.and(v128.load(p0), exist),
    v128.and(v128.load(p1), exist),
    v128.and(v128.load(p2), exist),
    v128.and(v128.load(p3), exist),
    to,
    16,
  );
}

/**
 * Gᵀ S G of the sums S of a part's `cuts` tasks: out [parts, rows, depth, 3, 3]. A task computes four rows of one part.
 */
export function winogradFinishTask(job: TiledFinishJob, task: i32): void {
  const rowPanels = (job.rows + 3) / 4;
  const columnPanels = (job.depth + 7) / 8;
  const placeStep = <usize>(rowPanels * columnPanels) * TILE;
  const cutStep = <usize>PLACES * placeStep;
  const part = task / rowPanels;
  const first = 4 * (task % rowPanels);
  const last = min(first + 4, job.rows);
  const blocks = job.sums + <usize>(part * job.cuts) * cutStep + <usize>(first * 32);
  let finite = true;
  for (let c = 0; c < job.depth; c += 8) {
    const block = blocks + <usize>((c >> 3) * rowPanels) * TILE;
    for (let place = 0; place < PLACES; place++) addCuts(block + <usize>place * placeStep, TILE, job.cuts, cutStep);
    for (let row = first; row < last; row++) {
      let at = block + <usize>((row - first) * 32);
      let out = job.out + <usize>((part * job.rows + row) * job.depth + c) * 36;
      for (const end = out + <usize>min(8, job.depth - c) * 36; out < end; out += 36, at += 4) {
        if (!finishFilter(at, placeStep, out)) finite = false;
      }
    }
  }
  if (!finite) store<i32>(job.flag, 1);
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
