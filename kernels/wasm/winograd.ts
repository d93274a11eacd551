// Convolutions of 3 × 3 with stride 1 by Winograd's minimal filtering F(4 × 4, 3 × 3): 36 products instead of 144 for
// sixteen outputs.
//
//   out = Aᵀ [ Σ_c (G g Gᵀ) ⊙ (Bᵀ d B) ] A    for each tile of 4 × 4 outputs; d are its 6 × 6 input pixels
//
// The matrices are those of winogradTransforms.ts. The sums over the channels c are 36 matrix products, one for each place
// of the 6 × 6: [rows × channels] · [channels × tiles]. Tiles of all images follow each other; eight are a panel of columns.
//
// Numerics   float32. The mean rounding error is about a millionth of the mean output with 96 channels: twice that of the
//            definition. A pixel that is not finite would spoil all sixteen outputs. `flag` reports that an output is not
//            finite, and the caller then computes the result in another way.
// Source     Lavin and Gray: Fast Algorithms for Convolutional Neural Networks (CVPR 2016).

import { madd } from './madd';
import { transpose } from './pack';
import { multiplyTile, ROWS, ROWS_STEP, TILE } from './panels';
import {
  BLOCK,
  LINE,
  output0,
  output1,
  output2,
  output3,
  PLACES,
  storePairs,
  transformFilter,
  transformPixels,
  transformSums,
} from './winogradTransforms';

@unmanaged
export class WinogradJob {
  image: usize;
  filters: usize;
  bias: usize;
  out: usize;
  /** Set to 1 if an output is not finite. */
  flag: usize;
  parts: i32;
  groups: i32;
  rows: i32;
  depth: i32;
  height: i32;
  width: i32;
  imagePlane: usize;
  imageLine: usize;
  /** Tiles of a task, and of a pass, whose pixels are transformed together: multiples of eight. */
  taskTiles: i32;
  passTiles: i32;
  hasBias: i32;
  relu: i32;
}

/** Bytes of what is noted of a tile: its pixels, its outputs, and how many lines and columns of them exist. */
const NOTE: usize = 16;

/** Bytes of scratch memory: a block, the sums of a tile of rows, notes and transformed pixels of a pass. */
export function winogradScratch(depth: i32, passTiles: i32): i32 {
  return <i32>BLOCK + PLACES * TILE + passTiles * (<i32>NOTE + 4 * PLACES * depth);
}

export function winogradTask(job: WinogradJob, task: i32, scratch: usize): void {
  const across = (job.width + 3) / 4;
  const tiles = (job.parts / job.groups) * across * ((job.height + 3) / 4);
  const tasks = (tiles + job.taskTiles - 1) / job.taskTiles;
  const group = task / tasks;
  const first = (task % tasks) * job.taskTiles;
  const last = min(first + job.taskTiles, tiles);
  const panels = (job.rows + ROWS - 1) / ROWS;
  const filters = job.filters + <usize>(group * panels * PLACES * job.depth) * ROWS_STEP;
  for (let tile = first; tile < last; tile += job.passTiles) {
    pass(job, group, tile, min(job.passTiles, last - tile), across, filters, scratch);
  }
}

/** Computes `count` tiles. */
function pass(
  job: WinogradJob,
  group: i32,
  tile: i32,
  count: i32,
  across: i32,
  filters: usize,
  block: usize,
): void {
  const sums = block + BLOCK;
  const notes = sums + <usize>(PLACES * TILE);
  const pixels = notes + <usize>job.passTiles * NOTE;
  const pixelStep = (<usize>job.depth) << 5;
  const columnsPanel = <usize>PLACES * pixelStep;
  const rowsPanel = <usize>job.depth * ROWS_STEP;
  note(job, group, tile, count, across, notes);
  for (let quad = 0; quad < count; quad += 4) {
    const to = pixels + <usize>(quad >> 3) * columnsPanel + <usize>(quad & 4) * 4;
    transform(job, notes + <usize>quad * NOTE, min(4, count - quad), to, pixelStep, block);
  }
  for (let row = 0; row < job.rows; row += ROWS) {
    for (let panel = 0; panel < count; panel += 8) {
      let a = filters;
      let b = pixels + <usize>(panel >> 3) * columnsPanel;
      let to = sums;
      for (let place = 0; place < PLACES; place++, a += rowsPanel, b += pixelStep, to += TILE) {
        multiplyTile(a, b, job.depth, to, 32, false);
      }
      const at = notes + <usize>panel * NOTE;
      storeTiles(job, group, row, at, min(4, count - panel), sums, block);
      if (count - panel > 4) {
        storeTiles(job, group, row, at + 4 * NOTE, min(4, count - panel - 4), sums + 16, block);
      }
    }
    filters += <usize>PLACES * rowsPanel;
  }
}

/** Notes where tiles lie. */
function note(job: WinogradJob, group: i32, tile: i32, count: i32, across: i32, to: usize): void {
  const perImage = across * ((job.height + 3) / 4);
  const line = (<usize>job.width) << 2;
  for (const end = tile + count; tile < end; tile++, to += NOTE) {
    const part = (tile / perImage) * job.groups + group;
    const within = tile % perImage;
    const y = 4 * (within / across);
    const x = 4 * (within % across);
    const image = job.image + <usize>(part * job.depth) * job.imagePlane;
    const out = job.out + <usize>(part * job.rows * job.height) * line;
    store<usize>(to, image + <usize>y * job.imageLine + ((<usize>x) << 2));
    store<usize>(to, out + <usize>y * line + ((<usize>x) << 2), 4);
    store<i32>(to, min(4, job.height - y), 8);
    store<i32>(to, min(4, job.width - x), 12);
  }
}

/** Bᵀ d B of up to four tiles, for every channel. The numbers of each place are `depth` steps of a panel. */
function transform(
  job: WinogradJob,
  notes: usize,
  count: i32,
  to: usize,
  placeStep: usize,
  block: usize,
): void {
  let p0 = load<usize>(notes);
  let p1 = load<usize>(notes + <usize>min(1, count - 1) * NOTE);
  let p2 = load<usize>(notes + <usize>min(2, count - 1) * NOTE);
  let p3 = load<usize>(notes + <usize>min(3, count - 1) * NOTE);
  for (let c = 0; c < job.depth; c++, to += 32) {
    transformPixels(p0, p1, p2, p3, job.imageLine, to, placeStep, block);
    p0 += job.imagePlane;
    p1 += job.imagePlane;
    p2 += job.imagePlane;
    p3 += job.imagePlane;
  }
}

/** Stores Aᵀ (sums) A, with bias and relu, of up to four tiles in a panel's rows. */
function storeTiles(
  job: WinogradJob,
  group: i32,
  row: i32,
  notes: usize,
  count: i32,
  sums: usize,
  block: usize,
): void {
  const line = (<usize>job.width) << 2;
  const plane = <usize>job.height * line;
  const least = f32x4.splat(job.relu ? 0 : -Infinity);
  let bias = job.bias + ((<usize>(group * job.rows + row)) << 2);
  const zero = f32x4.splat(0);
  let nought = zero;
  let offset = <usize>row * plane;
  for (const end = sums + ((<usize>min(ROWS, job.rows - row)) << 5); sums < end; sums += 32, bias += 4) {
    const addend = job.hasBias ? v128.load_splat<f32>(bias) : f32x4.splat(0);
    transformSums(sums, TILE, block);
    for (let y: usize = 0; y < 4; y++) {
      const at = block + y * LINE;
      const m1 = v128.load(at, 16);
      const m2 = v128.load(at, 32);
      const m3 = v128.load(at, 48);
      const m4 = v128.load(at, 64);
      const evenA = f32x4.add(m1, m2);
      const oddA = f32x4.sub(m1, m2);
      const evenB = f32x4.add(m3, m4);
      const oddB = f32x4.sub(m3, m4);
      const v0 = f32x4.add(output0(v128.load(at), evenA, evenB), addend);
      const v1 = f32x4.add(output1(oddA, oddB), addend);
      const v2 = f32x4.add(output2(evenA, evenB), addend);
      const v3 = f32x4.add(output3(oddA, oddB, v128.load(at, 80)), addend);
      // Zeros, or NaN for what is not finite.
      nought = madd(v1, zero, madd(v0, zero, nought));
      nought = madd(v3, zero, madd(v2, zero, nought));
      transpose(f32x4.max(v0, least), f32x4.max(v1, least), f32x4.max(v2, least), f32x4.max(v3, least), at, 16);
    }
    for (let tile: usize = 0; tile < <usize>count; tile++) {
      const noted = notes + tile * NOTE;
      const to = load<usize>(noted, 4) + offset;
      const from = block + (tile << 4);
      if (load<u64>(noted, 8) == FULL) {
        v128.store(to, v128.load(from));
        v128.store(to + line, v128.load(from, 96));
        v128.store(to + 2 * line, v128.load(from, 192));
        v128.store(to + 3 * line, v128.load(from, 288));
      } else storePart(from, to, line, load<i32>(noted, 8), load<i32>(noted, 12));
    }
    offset += plane;
  }
  if (v128.any_true(f32x4.ne(nought, nought))) store<i32>(job.flag, 1);
}

/** The lines and columns of a tile that has four of both. */
const FULL: u64 = 0x0000_0004_0000_0004;

function storePart(from: usize, to: usize, line: usize, lines: i32, columns: i32): void {
  for (const end = from + <usize>lines * LINE; from < end; from += LINE, to += line) {
    const value = v128.load(from);
    if (columns == 4) v128.store(to, value);
    if (columns & 2) v128.store64_lane(to, value, 0);
    if (columns == 1) v128.store32_lane(to, value, 0);
    if (columns == 3) v128.store32_lane(to, value, 2, 8);
  }
}

/** G g Gᵀ of the filters of all groups: 36 panels for the rows of a tile, one for each place. A task is a panel's rows. */
@unmanaged
export class WinogradFiltersJob {
  from: usize;
  to: usize;
  groupStride: usize;
  rows: i32;
  rowStride: usize;
  depth: i32;
  depthStride: usize;
  /** Whether to rotate the filters by 180 degrees, as the input gradient needs them. */
  flipped: i32;
}

/** Bytes of scratch memory: a block, and nine elements. */
export function winogradFiltersScratch(): i32 {
  return <i32>BLOCK + 144;
}

export function winogradFiltersTask(job: WinogradFiltersJob, task: i32, block: usize): void {
  const panels = (job.rows + ROWS - 1) / ROWS;
  const placeStep = <usize>job.depth * ROWS_STEP;
  const first = (task % panels) * ROWS;
  const to = job.to + <usize>(task * PLACES) * placeStep;
  const elements = block + BLOCK;
  for (let row = 0; row < ROWS; row += 4) {
    let from = job.from + <usize>(task / panels) * job.groupStride;
    let at = to + ((<usize>row) << 2);
    const r0 = rowOf(job, first + row);
    const r1 = rowOf(job, first + row + 1);
    const r2 = rowOf(job, first + row + 2);
    const r3 = rowOf(job, first + row + 3);
    for (let c = 0; c < job.depth; c++, from += job.depthStride, at += ROWS_STEP) {
      for (let element: usize = 0; element < 9; element++) {
        const source = from + ((job.flipped ? 8 - element : element) << 2);
        let value = v128.load_splat<f32>(source + r0);
        value = v128.load32_lane(source + r1, value, 1);
        value = v128.load32_lane(source + r2, value, 2);
        value = v128.load32_lane(source + r3, value, 3);
        v128.store(elements + (element << 4), value);
      }
      transformFilter(elements, block);
      storePairs(block, at, row + 2 < ROWS ? at + 8 : at, placeStep);
    }
  }
}

/** The offset of a row. Rows past the end give sums that are not stored. */
function rowOf(job: WinogradFiltersJob, row: i32): usize {
  return <usize>min(row, job.rows - 1) * job.rowStride;
}
