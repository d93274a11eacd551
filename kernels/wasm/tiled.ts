// What the convolutions of 3 × 3 by tiles of outputs share: winogradFour.ts and strideTwo.ts. They turn the pixels of a tile into
// numbers for each of several places, multiply these by numbers of the filters, sum over the channels, and turn the sums into
// outputs.
//
// The sums are products of matrices, [tiles × channels] · [channels × rows]. Tiles of all images follow each other; they are
// the rows of panels.ts, and the filters its columns: numbers of channels are multiples of eight more often than of six.

import { ROWS, ROWS_STEP, TILE } from './panels';
import { B_STEP } from './tile';

@unmanaged
export class TiledJob {
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

/**
 * Packs what four tiles, or four channels of a tile, see from p0 … p3.
 *
 * @param line bytes between two lines of pixels
 * @param to the first place; places are `placeStep` bytes apart
 * @param apart bytes between the first two lanes and the last two
 * @param block scratch memory
 */
export type Pack = (
  p0: usize,
  p1: usize,
  p2: usize,
  p3: usize,
  line: usize,
  to: usize,
  apart: usize,
  placeStep: usize,
  block: usize,
) => void;

/** The sums of all places over `depth` channels, of a panel of tiles and one of filters. */
export type Multiply = (a: usize, b: usize, depth: i32, to: usize) => void;

/** Stores the outputs of a tile in up to four rows. Lanes are rows. */
export type Store = (job: TiledJob, group: i32, row: i32, noted: usize, sums: usize, block: usize) => void;

/** Bytes of scratch memory of a transform. */
export const BLOCK: usize = 576;
/** Bytes of nine elements of four filters. */
export const FILTERS: usize = 144;
/** Bytes of what is noted of a tile: its pixels, its outputs, and how many lines and columns of them exist. */
const NOTE: usize = 16;

/** Bytes of scratch memory: a block and filters. */
export function tiledBlock(): i32 {
  return <i32>(BLOCK + FILTERS);
}

/** Bytes of scratch memory: a block, the sums of a tile, notes and transformed pixels. */
export function tiledScratch(places: i32, depth: i32, taskTiles: i32): i32 {
  return <i32>BLOCK + places * TILE + taskTiles * (<i32>NOTE + 4 * places * depth);
}

/**
 * The outputs of a task.
 *
 * @param side outputs of a tile in each direction
 * @param step pixels from a tile to the next one
 * @param places numbers of a filter
 * @param pixelPlaces numbers of the pixels of a tile
 */
export function multiplyTiles(
  job: TiledJob,
  task: i32,
  block: usize,
  side: i32,
  step: i32,
  places: i32,
  pixelPlaces: i32,
  pack: Pack,
  multiply: Multiply,
  put: Store,
): void {
  const across = (job.width + side - 1) / side;
  const perImage = across * ((job.height + side - 1) / side);
  const tiles = (job.parts / job.groups) * perImage;
  const tasks = (tiles + job.taskTiles - 1) / job.taskTiles;
  const group = task / tasks;
  const tile = (task % tasks) * job.taskTiles;
  const count = min(job.taskTiles, tiles - tile);
  const sums = block + BLOCK;
  const notes = sums + <usize>(places * TILE);
  const pixels = notes + <usize>job.taskTiles * NOTE;
  const panelStep = <usize>(pixelPlaces * job.depth) * ROWS_STEP;
  const filterStep = <usize>(places * job.depth) * B_STEP;
  note(job, group, tile, count, perImage, across, side, step, notes);
  for (let quad = 0; quad < count; quad += 4) {
    const from = notes + <usize>quad * NOTE;
    const first = pairOffset(quad, panelStep);
    const apart = pairOffset(quad + 2, panelStep) - first;
    packChannels(job, from, min(4, count - quad), pixels + first, apart, block, pack);
  }
  let filters = job.filters + <usize>(group * ((job.rows + 7) / 8)) * filterStep;
  for (let row = 0; row < job.rows; row += 8, filters += filterStep) {
    let a = pixels;
    for (let panel = 0; panel < count; panel += ROWS, a += panelStep) {
      multiply(a, filters, job.depth, sums);
      for (let each = 0; each < min(ROWS, count - panel); each++) {
        const from = sums + ((<usize>each) << 5);
        const noted = notes + <usize>(panel + each) * NOTE;
        put(job, group, row, noted, from, block);
        if (row + 4 < job.rows) put(job, group, row + 4, noted, from + 16, block);
      }
    }
  }
}

/** Where a row and the next one lie in panels. */
@inline
export function pairOffset(row: i32, panel: usize): usize {
  return <usize>(row / ROWS) * panel + ((<usize>(row % ROWS)) << 2);
}

/** Notes where tiles lie. */
function note(
  job: TiledJob,
  group: i32,
  tile: i32,
  count: i32,
  perImage: i32,
  across: i32,
  side: i32,
  step: i32,
  to: usize,
): void {
  const line = (<usize>job.width) << 2;
  for (const end = tile + count; tile < end; tile++, to += NOTE) {
    const part = (tile / perImage) * job.groups + group;
    const within = tile % perImage;
    const down = within / across;
    const right = within % across;
    const image = job.image + <usize>(part * job.depth) * job.imagePlane;
    const out = job.out + <usize>(part * job.rows * job.height) * line;
    store<usize>(to, image + <usize>(step * down) * job.imageLine + ((<usize>(step * right)) << 2));
    store<usize>(to, out + <usize>(side * down) * line + ((<usize>(side * right)) << 2), 4);
    store<i32>(to, min(side, job.height - side * down), 8);
    store<i32>(to, min(side, job.width - side * right), 12);
  }
}

/** Where the outputs of a tile begin, and how many of its lines and columns exist. */
@inline
export function outOf(noted: usize): usize {
  return load<usize>(noted, 4);
}

@inline
export function linesOf(noted: usize): i32 {
  return load<i32>(noted, 8);
}

@inline
export function columnsOf(noted: usize): i32 {
  return load<i32>(noted, 12);
}

/** Packs up to four tiles, for every channel. The numbers of each place are `depth` steps of a panel. */
function packChannels(
  job: TiledJob,
  notes: usize,
  count: i32,
  to: usize,
  apart: usize,
  block: usize,
  pack: Pack,
): void {
  const placeStep = <usize>job.depth * ROWS_STEP;
  let p0 = load<usize>(notes);
  let p1 = load<usize>(notes + <usize>min(1, count - 1) * NOTE);
  let p2 = load<usize>(notes + <usize>min(2, count - 1) * NOTE);
  let p3 = load<usize>(notes + <usize>min(3, count - 1) * NOTE);
  for (let c = 0; c < job.depth; c++, to += ROWS_STEP) {
    pack(p0, p1, p2, p3, job.imageLine, to, apart, placeStep, block);
    p0 += job.imagePlane;
    p1 += job.imagePlane;
    p2 += job.imagePlane;
    p3 += job.imagePlane;
  }
}

/** Stores a part of four vectors: `columns` numbers of each of `rows` rows, which are `plane` bytes apart. */
export function storePart(from: usize, to: usize, plane: usize, rows: i32, columns: i32): void {
  for (const end = from + ((<usize>rows) << 4); from < end; from += 16, to += plane) {
    const value = v128.load(from);
    if (columns == 4) v128.store(to, value);
    if (columns & 2) v128.store64_lane(to, value, 0);
    if (columns == 1) v128.store32_lane(to, value, 0);
    if (columns == 3) v128.store32_lane(to, value, 2, 8);
  }
}

/** The numbers of filters of all groups: panels of eight rows, one for each place. A task is a panel's rows. */
@unmanaged
export class TiledFiltersJob {
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

/** The numbers for all places of nine elements of four filters. Places are `placeStep` bytes apart. */
export type TransformFilters = (elements: usize, block: usize, to: usize, placeStep: usize) => void;

export function packTiledFilters(
  job: TiledFiltersJob,
  task: i32,
  block: usize,
  places: i32,
  transform: TransformFilters,
): void {
  const panels = (job.rows + 7) / 8;
  const placeStep = <usize>job.depth * B_STEP;
  const first = (task % panels) * 8;
  const elements = block + BLOCK;
  for (let row = first; row < first + 8; row += 4) {
    let from = job.from + <usize>(task / panels) * job.groupStride;
    let to = job.to + <usize>(task * places) * placeStep + ((<usize>(row - first)) << 2);
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
      transform(elements, block, to, placeStep);
    }
  }
}

/** The offset of a row. Rows past the end give sums that are not stored. */
function rowOf(job: TiledFiltersJob, row: i32): usize {
  return <usize>min(row, job.rows - 1) * job.rowStride;
}
