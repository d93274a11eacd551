// Convolutions of 3 × 3 with stride 1 between many channels, by Winograd's minimal filtering F(4 × 4, 3 × 3): 36 products
// instead of 144 for sixteen outputs.
//
//   out = Aᵀ [ Σ_c (G g Gᵀ) ⊙ (Bᵀ d B) ] A    for each tile of 4 × 4 outputs; d are its 6 × 6 input pixels
//
// The matrices are those of winogradFourTransforms.ts. The sums over the channels c are 36 matrix products, one for each
// place of the 6 × 6: [tiles × channels] · [channels × rows]. Tiles of all images follow each other; they are the rows of
// panels.ts, and the filters its columns: numbers of channels are multiples of eight more often than of six.
//
// Numerics   float32; not exact on integers. For 32, 64 and 128 channels the error is 0.51, 0.53 and 0.57 millionths of the
//            results (root mean squares; 0.56, 0.58 and 0.61 in the portable build). A float32 sum in the order of the
//            definition has 0.30, 0.42 and 0.59. Sums of CHUNK channels are added, which keeps the error from growing with the
//            channels. tests/backend/winogradFour.test.ts measures it. A pixel that is not finite would spoil all sixteen
//            outputs. `flag` reports that an output is not finite, and the caller then computes the result in another way.
// Source     Lavin and Gray: Fast Algorithms for Convolutional Neural Networks (CVPR 2016).

import { madd } from './madd';
import { transpose } from './pack';
import { multiplyTile, ROWS, ROWS_STEP, TILE } from './panels';
import { ADDED, B_STEP, FROM_ZERO } from './tile';
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
} from './winogradFourTransforms';

@unmanaged
export class WinogradFourJob {
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
  /** Tiles of a task, whose pixels are transformed together: a multiple of twelve. */
  taskTiles: i32;
  hasBias: i32;
  relu: i32;
}

/** Channels whose products are summed before they are added to other sums. */
const CHUNK: i32 = 16;

/** Bytes of what is noted of a tile: its pixels, its outputs, and how many lines and columns of them exist. */
const NOTE: usize = 16;

/** Bytes of scratch memory: a block, the sums of a tile, notes and transformed pixels. */
export function winogradFourScratch(depth: i32, taskTiles: i32): i32 {
  return <i32>BLOCK + PLACES * TILE + taskTiles * (<i32>NOTE + 4 * PLACES * depth);
}

export function winogradFourTask(job: WinogradFourJob, task: i32, block: usize): void {
  const across = (job.width + 3) / 4;
  const tiles = (job.parts / job.groups) * across * ((job.height + 3) / 4);
  const tasks = (tiles + job.taskTiles - 1) / job.taskTiles;
  const group = task / tasks;
  const tile = (task % tasks) * job.taskTiles;
  const count = min(job.taskTiles, tiles - tile);
  const sums = block + BLOCK;
  const notes = sums + <usize>(PLACES * TILE);
  const pixels = notes + <usize>job.taskTiles * NOTE;
  const pixelStep = <usize>job.depth * ROWS_STEP;
  const filterStep = <usize>job.depth * B_STEP;
  note(job, group, tile, count, across, notes);
  for (let quad = 0; quad < count; quad += 4) {
    const from = notes + <usize>quad * NOTE;
    const at = pairOf(pixels, quad, pixelStep);
    const second = pairOf(pixels, quad + 2, pixelStep);
    transform(job, from, min(4, count - quad), at, second, pixelStep, block);
  }
  let filters = job.filters + <usize>(group * ((job.rows + 7) / 8) * PLACES) * filterStep;
  for (let row = 0; row < job.rows; row += 8, filters += <usize>PLACES * filterStep) {
    let a = pixels;
    for (let panel = 0; panel < count; panel += ROWS) {
      let b = filters;
      const end = sums + <usize>(PLACES * TILE);
      for (let to = sums; to < end; to += TILE, a += pixelStep, b += filterStep) {
        multiply(a, b, job.depth, to);
      }
      for (let each = 0; each < min(ROWS, count - panel); each++) {
        const from = sums + ((<usize>each) << 5);
        const noted = notes + <usize>(panel + each) * NOTE;
        storeTile(job, group, row, noted, from, block);
        if (row + 4 < job.rows) storeTile(job, group, row + 4, noted, from + 16, block);
      }
    }
  }
}

/** Where a tile and the next one lie in the panels. */
@inline
function pairOf(pixels: usize, tile: i32, step: usize): usize {
  return pixels + <usize>((tile / ROWS) * PLACES) * step + ((<usize>(tile % ROWS)) << 2);
}

function multiply(a: usize, b: usize, depth: i32, to: usize): void {
  multiplyTile(a, b, min(CHUNK, depth), to, 32, FROM_ZERO);
  while ((depth -= CHUNK) > 0) {
    a += <usize>CHUNK * ROWS_STEP;
    b += <usize>CHUNK * B_STEP;
    multiplyTile(a, b, min(CHUNK, depth), to, 32, ADDED);
  }
}

/** Notes where tiles lie. */
function note(job: WinogradFourJob, group: i32, tile: i32, count: i32, across: i32, to: usize): void {
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

/**
 * Bᵀ d B of up to four tiles, for every channel. The numbers of each place are `depth` steps of a panel.
 *
 * @param to the place of the first two tiles
 * @param second the place of the last two, which may be in the next panel
 */
function transform(
  job: WinogradFourJob,
  notes: usize,
  count: i32,
  to: usize,
  second: usize,
  placeStep: usize,
  block: usize,
): void {
  let p0 = load<usize>(notes);
  let p1 = load<usize>(notes + <usize>min(1, count - 1) * NOTE);
  let p2 = load<usize>(notes + <usize>min(2, count - 1) * NOTE);
  let p3 = load<usize>(notes + <usize>min(3, count - 1) * NOTE);
  const whole = second == to + 8;
  for (let c = 0; c < job.depth; c++) {
    if (whole) {
      transformPixels(p0, p1, p2, p3, job.imageLine, to, placeStep, block);
    } else {
      transformPixels(p0, p1, p2, p3, job.imageLine, block, 16, block);
      storePairs(block, to, second, placeStep);
    }
    to += ROWS_STEP;
    second += ROWS_STEP;
    p0 += job.imagePlane;
    p1 += job.imagePlane;
    p2 += job.imagePlane;
    p3 += job.imagePlane;
  }
}

/** Stores Aᵀ (sums) A, with bias and relu, of four rows of a tile. Lanes are rows. */
function storeTile(job: WinogradFourJob, group: i32, row: i32, noted: usize, sums: usize, block: usize): void {
  const line = (<usize>job.width) << 2;
  const plane = <usize>job.height * line;
  const lines = load<i32>(noted, 8);
  const columns = load<i32>(noted, 12);
  const rows = min(4, job.rows - row);
  const least = f32x4.splat(job.relu ? 0 : -Infinity);
  const zero = f32x4.splat(0);
  const addend = job.hasBias ? v128.load(job.bias + ((<usize>(group * job.rows + row)) << 2)) : zero;
  let nought = zero;
  let to = load<usize>(noted, 4) + <usize>row * plane;
  transformSums(sums, TILE, block);
  for (let at = block, end = block + <usize>lines * LINE; at < end; at += LINE, to += line) {
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

export function storePart(from: usize, to: usize, plane: usize, rows: i32, columns: i32): void {
  for (const end = from + ((<usize>rows) << 4); from < end; from += 16, to += plane) {
    const value = v128.load(from);
    if (columns == 4) v128.store(to, value);
    if (columns & 2) v128.store64_lane(to, value, 0);
    if (columns == 1) v128.store32_lane(to, value, 0);
    if (columns == 3) v128.store32_lane(to, value, 2, 8);
  }
}

/** G g Gᵀ of the filters of all groups: 36 panels of eight rows, one for each place. A task is a panel's rows. */
@unmanaged
export class WinogradFourFiltersJob {
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
export function winogradFourFiltersScratch(): i32 {
  return <i32>BLOCK + 144;
}

export function winogradFourFiltersTask(job: WinogradFourFiltersJob, task: i32, block: usize): void {
  const panels = (job.rows + 7) / 8;
  const placeStep = <usize>job.depth * B_STEP;
  const first = (task % panels) * 8;
  const elements = block + BLOCK;
  for (let row = first; row < first + 8; row += 4) {
    let from = job.from + <usize>(task / panels) * job.groupStride;
    let to = job.to + <usize>(task * PLACES) * placeStep + ((<usize>(row - first)) << 2);
    const r0 = rowOf(job, row);
    const r1 = rowOf(job, row + 1);
    const r2 = rowOf(job, row + 2);
    const r3 = rowOf(job, row + 3);
    for (let c = 0; c < job.depth; c++, from += job.depthStride, to += B_STEP) {
      for (let element: usize = 0; element < 9; element++) {
        const source = from + ((job.flipped ? 8 - element : element) << 2);
        let value = v128.load_splat<f32>(source + r0);
        value = v128.load32_lane(source + r1, value, 1);
        value = v128.load32_lane(source + r2, value, 2);
        value = v128.load32_lane(source + r3, value, 3);
        v128.store(elements + (element << 4), value);
      }
      transformFilter(elements, block, to, placeStep);
    }
  }
}

/** The offset of a row. Rows past the end give sums that are not stored. */
function rowOf(job: WinogradFourFiltersJob, row: i32): usize {
  return <usize>min(row, job.rows - 1) * job.rowStride;
}
