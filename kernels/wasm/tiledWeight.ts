// What the weight gradients of convolutions of 3 × 3 by tiles share: winogradFourWeight.ts and strideTwoWeight.ts. The sums
// over the tiles are products of matrices, [rows × tiles] · [tiles × channels], one or more for each place. Each task sums over
// its lines. The tasks of a second job add the sums of the first, in order, and turn them into elements of filters.

import { madd } from './madd';
import { ROWS, ROWS_STEP, TILE } from './panels';
import { ADDED, B_STEP, FROM_ZERO } from './tile';
import { BLOCK, Pack, pairOffset } from './tiled';

@unmanaged
export class TiledWeightJob {
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

/**
 * Packs the output gradients of a tile for four rows, which begin at p0 … p3.
 *
 * @param line bytes between two lines
 * @param lines the number that exists, of lines and of columns
 * @param to, apart, placeStep, block as for `Pack`
 */
export type PackGradients = (
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
  block: usize,
) => void;

/**
 * Sums over `steps` tiles, of all places.
 *
 * @param a panels of gradients
 * @param b panels of pixels
 * @param start whether there are sums that the products are added to: `FROM_ZERO` or `ADDED`
 */
export type MultiplySums = (
  job: TiledWeightJob,
  a: usize,
  b: usize,
  steps: i32,
  sums: usize,
  start: i32,
) => void;

export function rowPanelsOf(rows: i32): i32 {
  return (rows + ROWS - 1) / ROWS;
}

export function columnPanelsOf(depth: i32): i32 {
  return (depth + 7) / 8;
}

/** Bytes of the sums of a task. */
export function tiledSums(places: i32, rows: i32, depth: i32): i32 {
  return places * TILE * rowPanelsOf(rows) * columnPanelsOf(depth);
}

/** Bytes of the packed operands of a tile. */
export function tiledOperands(gradientPlaces: i32, pixelPlaces: i32, rows: i32, depth: i32): i32 {
  const gradients = gradientPlaces * rowPanelsOf(rows) * <i32>ROWS_STEP;
  return gradients + pixelPlaces * columnPanelsOf(depth) * <i32>B_STEP;
}

/**
 * The sums of a task.
 *
 * @param side output gradients of a tile in each direction
 * @param stride pixels between two outputs
 * @param gradientPlaces numbers of the gradients of a tile
 * @param places sums
 */
export function sumTiles(
  job: TiledWeightJob,
  task: i32,
  block: usize,
  side: i32,
  stride: i32,
  gradientPlaces: i32,
  places: i32,
  packGradients: PackGradients,
  pack: Pack,
  multiply: MultiplySums,
): void {
  const part = task / job.cuts;
  const group = part % job.groups;
  const start = (part / job.groups) * job.chunk;
  const first = start + (task % job.cuts) * job.taskLines;
  const last = min(first + job.taskLines, min(start + job.chunk, job.lines));
  const sums = job.sums + <usize>task * <usize>tiledSums(places, job.rows, job.depth);
  const a = block + BLOCK;
  const b = a + <usize>(gradientPlaces * rowPanelsOf(job.rows) * job.steps) * ROWS_STEP;
  let steps = 0;
  let summed = FROM_ZERO;
  for (let line = first; line < last;) {
    const plane = (line / job.height) * job.groups + group;
    const y = line % job.height;
    const end = min(job.height, y + last - line);
    for (let top = y; top < end; top += side) {
      for (let x = 0; x < job.width; x += side) {
        if (steps == job.steps) {
          multiply(job, a, b, steps, sums, summed);
          summed = ADDED;
          steps = 0;
        }
        const lines = min(side, end - top);
        packRows(job, plane, top, x, lines, a + <usize>steps * ROWS_STEP, block, packGradients);
        packChannels(job, plane, stride * top, stride * x, b + <usize>steps * B_STEP, block, pack);
        steps++;
      }
    }
    line += end - y;
  }
  multiply(job, a, b, steps, sums, summed);
}

/** The gradients of the tile at (top, x) for every row. Lanes are rows. */
function packRows(
  job: TiledWeightJob,
  plane: i32,
  top: i32,
  x: i32,
  lines: i32,
  to: usize,
  block: usize,
  pack: PackGradients,
): void {
  const line = (<usize>job.width) << 2;
  const positions = <usize>job.height * line;
  const from = job.gradient + <usize>(plane * job.rows) * positions + <usize>top * line + ((<usize>x) << 2);
  const panel = <usize>job.steps * ROWS_STEP;
  const rowPanels = rowPanelsOf(job.rows);
  for (let row = 0; row < job.rows; row += 4) {
    const first = pairOffset(row, panel);
    // Rows past the end give sums that are not stored.
    pack(
      from + <usize>row * positions,
      from + <usize>min(row + 1, job.rows - 1) * positions,
      from + <usize>min(row + 2, job.rows - 1) * positions,
      from + <usize>min(row + 3, job.rows - 1) * positions,
      line,
      lines,
      job.width - x,
      to + first,
      row + 2 < rowPanels * ROWS ? pairOffset(row + 2, panel) - first : 0,
      <usize>rowPanels * panel,
      block,
    );
  }
}

/** The pixels of the tile at (top, x), for every channel. Lanes are channels. */
function packChannels(
  job: TiledWeightJob,
  plane: i32,
  top: i32,
  x: i32,
  to: usize,
  block: usize,
  pack: Pack,
): void {
  const line = <usize>top * job.imageLine + ((<usize>x) << 2);
  const from = job.image + <usize>(plane * job.depth) * job.imagePlane + line;
  const panel = <usize>job.steps * B_STEP;
  const placeStep = <usize>columnPanelsOf(job.depth) * panel;
  const end = job.depth - 1;
  for (let c = 0; c < job.depth; c += 4) {
    pack(
      from + <usize>c * job.imagePlane,
      from + <usize>min(c + 1, end) * job.imagePlane,
      from + <usize>min(c + 2, end) * job.imagePlane,
      from + <usize>min(c + 3, end) * job.imagePlane,
      job.imageLine,
      to + <usize>(c >> 3) * panel + <usize>(c & 4) * 4,
      8,
      placeStep,
      block,
    );
  }
}

/** The filters' gradients of a part's `cuts` tasks: out [parts, rows, depth, 3, 3]. A task computes a panel's rows of one part. */
@unmanaged
export class TiledFinishJob {
  /** Overwritten. */
  sums: usize;
  out: usize;
  /** Set to 1 if a result is not finite. */
  flag: usize;
  cuts: i32;
  rows: i32;
  depth: i32;
}

/** Nine elements of four filters, from sums whose places are `placeStep` bytes apart. */
export type Fold = (sums: usize, placeStep: usize, to: usize) => void;

/** Bytes of a filter. */
const FILTER: i32 = 36;

export function finishTiles(job: TiledFinishJob, task: i32, block: usize, places: i32, fold: Fold): void {
  const rowPanels = rowPanelsOf(job.rows);
  const placeStep = <usize>(rowPanels * columnPanelsOf(job.depth) * TILE);
  const cutStep = <usize>places * placeStep;
  const part = task / rowPanels;
  const first = (task % rowPanels) * ROWS;
  const last = min(first + ROWS, job.rows);
  const sums = job.sums + <usize>(part * job.cuts) * cutStep + <usize>((task % rowPanels) * TILE);
  const filters = block + BLOCK;
  const zero = f32x4.splat(0);
  let nought = zero;
  for (let c = 0; c < job.depth; c += 4) {
    const tile = sums + <usize>((c >> 3) * rowPanels * TILE);
    if ((c & 4) == 0) {
      for (let place = 0; place < places; place++)
        addCuts(tile + <usize>place * placeStep, TILE, job.cuts, cutStep);
    }
    let at = tile + <usize>(c & 4) * 4;
    for (let row = first; row < last; row++, at += 32) {
      fold(at, placeStep, block);
      for (let element = 0; element < 9; element++) {
        const value = v128.load(block + ((<usize>element) << 4));
        // Zeros, or NaN for what is not finite.
        nought = madd(value, zero, nought);
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

/** Adds the tiles of the other cuts, of `bytes` bytes, to the first, in order. */
export function addCuts(tile: usize, bytes: usize, cuts: i32, step: usize): void {
  for (let at = tile, end = tile + bytes; at < end; at += 16) {
    let total = v128.load(at);
    let other = at;
    for (let cut = 1; cut < cuts; cut++) {
      other += step;
      total = f32x4.add(total, v128.load(other));
    }
    v128.store(at, total);
  }
}
