// Convolutions of 3 × 3 with stride 1 by Winograd's minimal filtering F(2 × 2, 3 × 3): 16 products instead of 36 for
// four outputs.
//
//   out = Aᵀ [ Σ_c (G g Gᵀ) ⊙ (Bᵀ d B) ] A    for each 2 × 2 outputs; d are their 4 × 4 input pixels
//
//        ⎡ 1  0 -1  0 ⎤        ⎡ 1   0   0 ⎤
//   Bᵀ = ⎢ 0  1  1  0 ⎥    G = ⎢ ½   ½   ½ ⎥    Aᵀ = ⎡ 1  1  1  0 ⎤
//        ⎢ 0 -1  1  0 ⎥        ⎢ ½  -½   ½ ⎥         ⎣ 0  1 -1 -1 ⎦
//        ⎣ 0  1  0 -1 ⎦        ⎣ 0   0   1 ⎦
//
// The sums over the channels c are 16 matrix products, one for each place of the 4 × 4. Four neighbouring 2 × 2 are a
// run, and two runs are the eight columns of a tile of panels.ts.
//
// Numerics   float32. A pixel that is not finite would spoil all four outputs. `flag` reports that an output is not
//            finite, and the caller then computes the result in another way.
// Source     Lavin and Gray: Fast Algorithms for Convolutional Neural Networks (CVPR 2016).

import { multiplyTile, ROWS, ROWS_STEP, TILE } from './panels';
import { FROM_ZERO } from './tile';
import { PLACES, transformTiles } from './winogradTiles';

@unmanaged
export class WinogradJob {
  image: usize;
  filters: usize;
  bias: usize;
  out: usize;
  /** Set to 1 if an output is not finite. */
  flag: usize;
  groups: i32;
  rows: i32;
  depth: i32;
  height: i32;
  width: i32;
  imagePart: usize;
  imagePlane: usize;
  imageLine: usize;
  taskRuns: i32;
  hasBias: i32;
  relu: i32;
}

/** Bytes of a tile of sums. */
const SUMS: usize = TILE;

/** Bytes of scratch memory: transformed pixels of two runs, and the sums of a panel of rows. */
export function winogradScratch(depth: i32): i32 {
  return PLACES * (depth * 32 + <i32>SUMS);
}

export function winogradTask(job: WinogradJob, task: i32, scratch: usize): void {
  const lineRuns = (job.width + 7) / 8;
  const runs = ((job.height + 1) / 2) * lineRuns;
  const tasks = (runs + job.taskRuns - 1) / job.taskRuns;
  const part = task / tasks;
  const first = (task % tasks) * job.taskRuns;
  const last = min(first + job.taskRuns, runs);
  const group = part % job.groups;
  const image = job.image + <usize>part * job.imagePart;
  const panels = (job.rows + ROWS - 1) / ROWS;
  const panel = <usize>job.depth * ROWS_STEP;
  const pixelStep = (<usize>job.depth) << 5;
  const sums = scratch + <usize>PLACES * pixelStep;
  for (let run = first; run < last; run += 2) {
    transformRun(job, image, run, lineRuns, scratch);
    transformRun(job, image, min(run + 1, last - 1), lineRuns, scratch + 16);
    let filters = job.filters + <usize>(group * PLACES * panels) * panel;
    // A panel of rows at a time, so their sums are used while they are in the first cache.
    for (let row = 0; row < job.rows; row += ROWS) {
      for (let place = 0; place < PLACES; place++, filters += panel) {
        const to = sums + <usize>place * SUMS;
        multiplyTile(filters, scratch + <usize>place * pixelStep, job.depth, to, 32, FROM_ZERO);
      }
      storeRun(job, part, group, row, run, lineRuns, sums);
      if (run + 1 < last) storeRun(job, part, group, row, run + 1, lineRuns, sums + 16);
    }
  }
}

/** Bᵀ d B of four neighbours, for every channel. The numbers of each place are `depth` steps of a panel. */
function transformRun(job: WinogradJob, image: usize, run: i32, lineRuns: i32, to: usize): void {
  const line = job.imageLine;
  const placeStep = (<usize>job.depth) << 5;
  let pixels = image + <usize>(2 * (run / lineRuns)) * line + ((<usize>(run % lineRuns)) << 5);
  for (let c = 0; c < job.depth; c++, pixels += job.imagePlane, to += 32) {
    transformTiles(pixels, line, to, placeStep);
  }
}

/** Stores Aᵀ (sums) A, with bias and relu, of four neighbours in a panel of rows. */
function storeRun(
  job: WinogradJob,
  part: i32,
  group: i32,
  row: i32,
  run: i32,
  lineRuns: i32,
  sums: usize,
): void {
  const y = 2 * (run / lineRuns);
  const x = 8 * (run % lineRuns);
  const line = (<usize>job.width) << 2;
  const plane = <usize>job.height * line;
  const count = min(8, job.width - x);
  const hasBelow = y + 1 < job.height;
  const least = f32x4.splat(job.relu ? 0 : -Infinity);
  let to = job.out + <usize>(part * job.rows + row) * plane + <usize>y * line + ((<usize>x) << 2);
  let bias = job.bias + ((<usize>(group * job.rows + row)) << 2);
  let nought = f32x4.splat(0);
  for (const end = sums + ((<usize>min(ROWS, job.rows - row)) << 5); sums < end; sums += 32, bias += 4) {
    const addend = job.hasBias ? v128.load_splat<f32>(bias) : f32x4.splat(0);
    const t0 = above(sums, 0);
    const b0 = below(sums, 0);
    const t1 = above(sums, SUMS);
    const b1 = below(sums, SUMS);
    const t2 = above(sums, 2 * SUMS);
    const b2 = below(sums, 2 * SUMS);
    const t3 = above(sums, 3 * SUMS);
    const b3 = below(sums, 3 * SUMS);
    const even = f32x4.add(f32x4.add(f32x4.add(t0, t1), t2), addend);
    const odd = f32x4.add(f32x4.sub(f32x4.sub(t1, t2), t3), addend);
    nought = f32x4.add(nought, storeLine(even, odd, least, to, count));
    if (hasBelow) {
      const evenBelow = f32x4.add(f32x4.add(f32x4.add(b0, b1), b2), addend);
      const oddBelow = f32x4.add(f32x4.sub(f32x4.sub(b1, b2), b3), addend);
      nought = f32x4.add(nought, storeLine(evenBelow, oddBelow, least, to + line, count));
    }
    to += plane;
  }
  if (v128.any_true(f32x4.ne(nought, nought))) store<i32>(job.flag, 1);
}

/** The first line of Aᵀ times a column of sums. */
@inline
function above(sums: usize, column: usize): v128 {
  const at = sums + column;
  const first = f32x4.add(v128.load(at), v128.load(at, 4 * SUMS));
  return f32x4.add(first, v128.load(at, 8 * SUMS));
}

/** The second line. */
@inline
function below(sums: usize, column: usize): v128 {
  const at = sums + column;
  const first = f32x4.sub(v128.load(at, 4 * SUMS), v128.load(at, 8 * SUMS));
  return f32x4.sub(first, v128.load(at, 12 * SUMS));
}

/**
 * Stores the first `count` of eight outputs of a line, given the even and the odd ones.
 *
 * @returns zeros, or NaN for each output that is not finite
 */
@inline
function storeLine(even: v128, odd: v128, least: v128, to: usize, count: i32): v128 {
  const left = v128.shuffle<f32>(even, odd, 0, 4, 1, 5);
  const right = v128.shuffle<f32>(even, odd, 2, 6, 3, 7);
  if (count < 8) return storePart(left, right, least, to, count);
  v128.store(to, f32x4.max(left, least));
  v128.store(to, f32x4.max(right, least), 16);
  return f32x4.add(f32x4.sub(left, left), f32x4.sub(right, right));
}

function storePart(left: v128, right: v128, least: v128, to: usize, count: i32): v128 {
  // Ignores lanes past `count`, which hold arbitrary values.
  const lanes = i32x4(0, 1, 2, 3);
  left = v128.and(left, i32x4.lt_s(lanes, i32x4.splat(count)));
  right = v128.and(right, i32x4.lt_s(lanes, i32x4.splat(count - 4)));
  let rest = f32x4.max(left, least);
  if (count & 4) {
    v128.store(to, rest);
    to += 16;
    rest = f32x4.max(right, least);
  }
  if (count & 2) {
    v128.store64_lane(to, rest, 0);
    to += 8;
    rest = v128.shuffle<f32>(rest, rest, 2, 3, 2, 3);
  }
  if (count & 1) v128.store32_lane(to, rest, 0);
  return f32x4.add(f32x4.sub(left, left), f32x4.sub(right, right));
}

/**
 * G g Gᵀ of the filters of all groups: 16 panels for the rows of a tile, one for each place.
 *
 * @param flipped whether to rotate the filters by 180 degrees, as the input gradient needs them
 */
export function transformFilters(
  from: usize,
  to: usize,
  groups: i32,
  groupStride: usize,
  rows: i32,
  rowStride: usize,
  depth: i32,
  depthStride: usize,
  flipped: i32,
): void {
  const panels = (rows + ROWS - 1) / ROWS;
  const placeStep = <usize>depth * ROWS_STEP;
  const groupStep = <usize>(panels * PLACES) * placeStep;
  for (let group = 0; group < groups; group++, from += groupStride, to += groupStep) {
    for (let row = 0; row < ROWS * panels; row++) {
      for (let c = 0; c < depth; c++) {
        // Rows past the end give sums that are not stored.
        const filter = from + <usize>min(row, rows - 1) * rowStride + <usize>c * depthStride;
        const panel = to + <usize>((row / ROWS) * PLACES) * placeStep;
        const at = panel + <usize>c * ROWS_STEP + ((<usize>(row % ROWS)) << 2);
        for (let j = 0; j < 3; j++) {
          const column = filter + ((<usize>(flipped ? 2 - j : j)) << 2);
          const g0 = load<f32>(column, 0);
          const g1 = load<f32>(column, 12);
          const g2 = load<f32>(column, 24);
          const first = flipped ? g2 : g0;
          const third = flipped ? g0 : g2;
          const outer: f32 = 0.5 * (first + third);
          const inner: f32 = 0.5 * g1;
          addColumn(at, j, placeStep, first);
          addColumn(at + 4 * placeStep, j, placeStep, outer + inner);
          addColumn(at + 8 * placeStep, j, placeStep, outer - inner);
          addColumn(at + 12 * placeStep, j, placeStep, third);
        }
      }
    }
  }
}

/**
 * Adds the contribution of column j of G g to a line of (G g) Gᵀ: 1 to the first place, ½ and ±½ to the second and
 * third.
 */
function addColumn(at: usize, j: i32, step: usize, value: f32): void {
  const half: f32 = 0.5 * value;
  if (j == 0) {
    store<f32>(at, value);
    store<f32>(at + step, half);
    store<f32>(at + 2 * step, half);
  } else if (j == 1) {
    store<f32>(at + step, load<f32>(at + step) + half);
    store<f32>(at + 2 * step, load<f32>(at + 2 * step) - half);
  } else {
    store<f32>(at + step, load<f32>(at + step) + half);
    store<f32>(at + 2 * step, load<f32>(at + 2 * step) + half);
    store<f32>(at + 3 * step, value);
  }
}
