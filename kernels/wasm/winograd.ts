// Convolutions of 3 × 3 with stride 1 by Winograd's minimal filtering F(2 × 2, 3 × 3): 16 products instead of 36 for
// four outputs.
//
//   out = Aᵀ [ Σ_c (G g Gᵀ) ⊙ (Bᵀ d B) ] A    for each 2 × 2 outputs, of which d are the 4 × 4 pixels that they see
//
//        ⎡ 1  0 -1  0 ⎤        ⎡ 1   0   0 ⎤
//   Bᵀ = ⎢ 0  1  1  0 ⎥    G = ⎢ ½   ½   ½ ⎥    Aᵀ = ⎡ 1  1  1  0 ⎤
//        ⎢ 0 -1  1  0 ⎥        ⎢ ½  -½   ½ ⎥         ⎣ 0  1 -1 -1 ⎦
//        ⎣ 0  1  0 -1 ⎦        ⎣ 0   0   1 ⎦
//
// The sums over the channels c are 16 products of matrices, one for each place of the 4 × 4. Four neighbouring 2 × 2
// are a run, and two runs are the eight columns of a tile of tile.ts.
//
// Numerics   float32. A pixel that is not finite would spoil all four outputs, so `flag` says that some output is not
//            finite, and the caller has to compute it otherwise.
// Source     Lavin and Gray: Fast Algorithms for Convolutional Neural Networks (CVPR 2016).

import { A_STEP, tile } from './tile';
import { PLACES, transformTiles } from './winogradTiles';

@unmanaged
export class WinogradJob {
  image: usize;
  filters: usize;
  bias: usize;
  out: usize;
  /** Set to 1 where an output is not finite. */
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

/** Bytes from the sums of one place to the next: what is over keeps them from sharing lines of the cache. */
function sumsStep(rows: i32): usize {
  return <usize>((rows + 3) & ~3) * 32 + 64;
}

/** Bytes of scratch memory: transformed pixels and their sums, of two runs. */
export function winogradScratch(rows: i32, depth: i32): i32 {
  return PLACES * (depth * 32 + <i32>sumsStep(rows));
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
  const panels = (job.rows + 3) / 4;
  const panel = <usize>job.depth * A_STEP;
  const pixelStep = (<usize>job.depth) << 5;
  const sums = scratch + <usize>PLACES * pixelStep;
  const step = sumsStep(job.rows);
  for (let run = first; run < last; run += 2) {
    transformRun(job, image, run, lineRuns, scratch);
    transformRun(job, image, min(run + 1, last - 1), lineRuns, scratch + 16);
    let filters = job.filters + <usize>(group * PLACES * panels) * panel;
    for (let place = 0; place < PLACES; place++) {
      const pixels = scratch + <usize>place * pixelStep;
      const to = sums + <usize>place * step;
      for (let i = 0; i < panels; i++, filters += panel) {
        tile(filters, pixels, job.depth, to + <usize>(i * 128), 32, false);
      }
    }
    storeRun(job, part, group, run, lineRuns, sums, step);
    if (run + 1 < last) storeRun(job, part, group, run + 1, lineRuns, sums + 16, step);
  }
}

/** Bᵀ d B of four neighbours, for every channel; each place's numbers are `depth` steps of a panel. */
function transformRun(job: WinogradJob, image: usize, run: i32, lineRuns: i32, to: usize): void {
  const line = job.imageLine;
  const placeStep = (<usize>job.depth) << 5;
  let pixels = image + <usize>(2 * (run / lineRuns)) * line + ((<usize>(run % lineRuns)) << 5);
  for (let c = 0; c < job.depth; c++, pixels += job.imagePlane, to += 32) {
    transformTiles(pixels, line, to, placeStep);
  }
}

/** Aᵀ (sums) A, with bias and relu, of four neighbours. */
function storeRun(
  job: WinogradJob,
  part: i32,
  group: i32,
  run: i32,
  lineRuns: i32,
  sums: usize,
  step: usize,
): void {
  const y = 2 * (run / lineRuns);
  const x = 8 * (run % lineRuns);
  const line = (<usize>job.width) << 2;
  const count = min(8, job.width - x);
  let to = job.out + <usize>(part * job.rows * job.height + y) * line + ((<usize>x) << 2);
  let bias = job.bias + ((<usize>(group * job.rows)) << 2);
  for (let row = 0; row < job.rows; row++, sums += 32, bias += 4, to += <usize>job.height * line) {
    let above = f32x4.splat(0);
    let below = above;
    let aboveOdd = above;
    let belowOdd = above;
    let at = sums;
    for (let place = 0; place < 4; place++, at += step) {
      const m1 = v128.load(at + 4 * step);
      const m2 = v128.load(at + 8 * step);
      const top = f32x4.add(f32x4.add(v128.load(at), m1), m2);
      const bottom = f32x4.sub(f32x4.sub(m1, m2), v128.load(at + 12 * step));
      if (place < 3) {
        above = f32x4.add(above, top);
        below = f32x4.add(below, bottom);
      }
      if (place == 1) {
        aboveOdd = top;
        belowOdd = bottom;
      } else if (place > 1) {
        aboveOdd = f32x4.sub(aboveOdd, top);
        belowOdd = f32x4.sub(belowOdd, bottom);
      }
    }
    const addend = job.hasBias ? v128.load_splat<f32>(bias) : f32x4.splat(0);
    storeLine(job, f32x4.add(above, addend), f32x4.add(aboveOdd, addend), to, count);
    if (y + 1 < job.height) {
      storeLine(job, f32x4.add(below, addend), f32x4.add(belowOdd, addend), to + line, count);
    }
  }
}

/** The first `count` of eight outputs of a line, given the even and the odd ones. */
function storeLine(job: WinogradJob, even: v128, odd: v128, to: usize, count: i32): void {
  let left = v128.shuffle<f32>(even, odd, 0, 4, 1, 5);
  let right = v128.shuffle<f32>(even, odd, 2, 6, 3, 7);
  if (count < 8) {
    // Lanes that nobody asked for may hold anything.
    const lanes = i32x4(0, 1, 2, 3);
    left = v128.and(left, i32x4.lt_s(lanes, i32x4.splat(count)));
    right = v128.and(right, i32x4.lt_s(lanes, i32x4.splat(count - 4)));
  }
  const nought = f32x4.add(f32x4.sub(left, left), f32x4.sub(right, right));
  if (v128.any_true(f32x4.ne(nought, nought))) store<i32>(job.flag, 1);
  if (job.relu) {
    left = f32x4.max(left, f32x4.splat(0));
    right = f32x4.max(right, f32x4.splat(0));
  }
  if (count == 8) {
    v128.store(to, left);
    v128.store(to, right, 16);
    return;
  }
  if (count >= 4) {
    v128.store(to, left);
    to += 16;
    count -= 4;
    left = right;
  }
  if (count > 0) store<f32>(to, f32x4.extract_lane(left, 0));
  if (count > 1) store<f32>(to, f32x4.extract_lane(left, 1), 4);
  if (count > 2) store<f32>(to, f32x4.extract_lane(left, 2), 8);
}

/**
 * G g Gᵀ of the filters of all groups, as panels of four rows for each of the 16 places.
 *
 * @param flipped whether filters are turned by 180 degrees, as the input gradient sees them
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
  const panels = (rows + 3) / 4;
  const placeStep = <usize>(panels * depth) * A_STEP;
  for (let group = 0; group < groups; group++, from += groupStride, to += <usize>PLACES * placeStep) {
    for (let row = 0; row < 4 * panels; row++) {
      for (let c = 0; c < depth; c++) {
        // Rows past the last are sums that nobody stores.
        const filter = from + <usize>min(row, rows - 1) * rowStride + <usize>c * depthStride;
        const at = to + <usize>((row >> 2) * depth + c) * A_STEP + ((<usize>(row & 3)) << 2);
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

/** What column j of G g adds to a line of (G g) Gᵀ: 1 to the first place, ½ and ±½ to the second and third. */
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
