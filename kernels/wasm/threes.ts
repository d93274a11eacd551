// Convolutions of 3 × 3 between few channels, such as a CNN's first layer. Their sums are too short for packing to pay
// off. A tile reads the image directly, and sums go from registers to their destination.
//
// As in convolution.ts, images are padded with zeros. Columns are consecutive: stride and dilation are 1 in x, and the
// dilation is 1 in y.
//
// Numerics   float32, in an order that depends only on the shape.

import { madd } from './madd';
import { A_STEP } from './tile';

/**
 * out[part, r, y, x] = bias[r] + Σ_(c, i, j) filters[r, c, i, j] · image[part, c, y·stride + i, x + j]
 *
 * A task computes `taskRuns` runs of four positions of one part. Strides are in bytes.
 */
@unmanaged
export class ThreesJob {
  image: usize;
  /** Panels of four rows, as `packFilters` writes them. */
  filters: usize;
  bias: usize;
  out: usize;
  groups: i32;
  rows: i32;
  channels: i32;
  height: i32;
  width: i32;
  imagePlane: usize;
  /** The distance between two lines, and between the lines of two consecutive outputs. */
  imageLine: usize;
  imageStep: usize;
  taskRuns: i32;
  hasBias: i32;
  relu: i32;
}

export function threesTask(job: ThreesJob, task: i32): void {
  const lineRuns = (job.width + 3) / 4;
  const runs = job.height * lineRuns;
  const tasks = (runs + job.taskRuns - 1) / job.taskRuns;
  const part = task / tasks;
  const first = (task % tasks) * job.taskRuns;
  const last = min(first + job.taskRuns, runs);
  const group = part % job.groups;
  const panel = <usize>(9 * job.channels) * A_STEP;
  const filters = job.filters + <usize>(group * ((job.rows + 3) / 4)) * panel;
  const image = job.image + <usize>(part * job.channels) * job.imagePlane;
  let a = filters;
  for (let row = 0; row < job.rows; row += 4, a += panel) {
    for (let run = first; run < last; run += 2) {
      const second = min(run + 1, last - 1);
      const from0 = image + <usize>(run / lineRuns) * job.imageStep + ((<usize>(run % lineRuns)) << 4);
      const from1 = image + <usize>(second / lineRuns) * job.imageStep + ((<usize>(second % lineRuns)) << 4);
      fourRows(job, part, group, row, a, from0, from1, run, second, lineRuns);
    }
  }
}

/** Four rows of two runs, as in tile.ts. */
function fourRows(
  job: ThreesJob,
  part: i32,
  group: i32,
  row: i32,
  a: usize,
  from0: usize,
  from1: usize,
  run: i32,
  second: i32,
  lineRuns: i32,
): void {
  let s00 = f32x4.splat(0);
  let s01 = s00;
  let s10 = s00;
  let s11 = s00;
  let s20 = s00;
  let s21 = s00;
  let s30 = s00;
  let s31 = s00;
  for (let c = 0; c < job.channels; c++, from0 += job.imagePlane, from1 += job.imagePlane) {
    let line0 = from0;
    let line1 = from1;
    for (let i = 0; i < 3; i++, line0 += job.imageLine, line1 += job.imageLine) {
      let column: usize = 0;
      while (true) {
        const b0 = v128.load(line0 + column);
        const b1 = v128.load(line1 + column);
        let x = v128.load_splat<f32>(a);
        s00 = madd(x, b0, s00);
        s01 = madd(x, b1, s01);
        x = v128.load_splat<f32>(a, 4);
        s10 = madd(x, b0, s10);
        s11 = madd(x, b1, s11);
        x = v128.load_splat<f32>(a, 8);
        s20 = madd(x, b0, s20);
        s21 = madd(x, b1, s21);
        x = v128.load_splat<f32>(a, 12);
        s30 = madd(x, b0, s30);
        s31 = madd(x, b1, s31);
        a += A_STEP;
        column += 4;
        if (column == 12) break;
      }
    }
  }
  const line = (<usize>job.width) << 2;
  const plane = <usize>job.height * line;
  const bias = job.bias + ((<usize>(group * job.rows + row)) << 2);
  const out = job.out + <usize>(part * job.rows + row) * plane;
  const x0 = run % lineRuns;
  const x1 = second % lineRuns;
  const to0 = out + <usize>(run / lineRuns) * line + ((<usize>x0) << 4);
  const to1 = out + <usize>(second / lineRuns) * line + ((<usize>x1) << 4);
  const count0 = job.width - 4 * x0;
  const count1 = job.width - 4 * x1;
  store4(job, s00, s01, bias, to0, to1, count0, count1);
  if (row + 1 < job.rows) store4(job, s10, s11, bias + 4, to0 + plane, to1 + plane, count0, count1);
  if (row + 2 < job.rows) store4(job, s20, s21, bias + 8, to0 + 2 * plane, to1 + 2 * plane, count0, count1);
  if (row + 3 < job.rows) store4(job, s30, s31, bias + 12, to0 + 3 * plane, to1 + 3 * plane, count0, count1);
}

/** One row of both runs, with bias and relu. NaN stays. */
@inline
function store4(
  job: ThreesJob,
  first: v128,
  second: v128,
  bias: usize,
  to0: usize,
  to1: usize,
  count0: i32,
  count1: i32,
): void {
  if (job.hasBias) {
    const addend = v128.load_splat<f32>(bias);
    first = f32x4.add(first, addend);
    second = f32x4.add(second, addend);
  }
  if (job.relu) {
    first = f32x4.max(first, f32x4.splat(0));
    second = f32x4.max(second, f32x4.splat(0));
  }
  storeLanes(first, to0, count0);
  storeLanes(second, to1, count1);
}

@inline
function storeLanes(value: v128, to: usize, count: i32): void {
  if (count >= 4) {
    v128.store(to, value);
    return;
  }
  v128.store32_lane(to, value, 0);
  if (count > 1) v128.store32_lane(to, value, 1, 4);
  if (count > 2) v128.store32_lane(to, value, 2, 8);
}

/**
 * out[s, group, r, c, i, j] = Σ_(image, y, x) gradient[image, group, r, y, x] · image[image, group, c, y·stride + i, x
 * + j]
 *
 * over lines (image, y) of chunk s. A task computes one chunk. `width` is a multiple of four.
 */
@unmanaged
export class ThreesWeightJob {
  gradient: usize;
  image: usize;
  out: usize;
  lines: i32;
  chunk: i32;
  groups: i32;
  rows: i32;
  channels: i32;
  height: i32;
  width: i32;
  imagePlane: usize;
  imageLine: usize;
  imageStep: usize;
}

/** Bytes of scratch memory: four sums for each weight of a group. */
export function threesWeightScratch(rows: i32, channels: i32): i32 {
  return rows * channels * 144;
}

export function threesWeightTask(job: ThreesWeightJob, task: i32, scratch: usize): void {
  const group = task % job.groups;
  const first = (task / job.groups) * job.chunk;
  const last = min(first + job.chunk, job.lines);
  const line = (<usize>job.width) << 2;
  const positions = <usize>job.height * line;
  const filters = job.rows * job.channels;
  memory.fill(scratch, 0, <usize>(144 * filters));
  for (let at = first; at < last;) {
    const y = at % job.height;
    const count = min(job.height - y, last - at);
    const plane = (at / job.height) * job.groups + group;
    let gradient = job.gradient + <usize>(plane * job.rows) * positions + <usize>y * line;
    const window = job.image + <usize>(plane * job.channels) * job.imagePlane + <usize>y * job.imageStep;
    let sums = scratch;
    for (let row = 0; row < job.rows; row++, gradient += positions) {
      let image = window;
      for (let c = 0; c < job.channels; c++, image += job.imagePlane, sums += 144) {
        nineSums(job, gradient, image, count, line, sums);
      }
    }
    at += count;
  }
  let out = job.out + ((<usize>(9 * task * filters)) << 2);
  for (const end = scratch + <usize>(144 * filters); scratch < end; scratch += 16, out += 4) {
    const pairs = v128.load(scratch);
    const halves = f32x4.add(pairs, v128.shuffle<f32>(pairs, pairs, 2, 3, 2, 3));
    store<f32>(out, f32x4.extract_lane(halves, 0) + f32x4.extract_lane(halves, 1));
  }
}

/** Adds a plane's products with the pixels of each of the nine filter elements. */
function nineSums(
  job: ThreesWeightJob,
  gradient: usize,
  image: usize,
  lines: i32,
  bytes: usize,
  sums: usize,
): void {
  let s0 = v128.load(sums);
  let s1 = v128.load(sums, 16);
  let s2 = v128.load(sums, 32);
  let s3 = v128.load(sums, 48);
  let s4 = v128.load(sums, 64);
  let s5 = v128.load(sums, 80);
  let s6 = v128.load(sums, 96);
  let s7 = v128.load(sums, 112);
  let s8 = v128.load(sums, 128);
  for (let y = 0; y < lines; y++, image += job.imageStep) {
    let l0 = image;
    let l1 = l0 + job.imageLine;
    let l2 = l1 + job.imageLine;
    for (const end = gradient + bytes; gradient < end; gradient += 16) {
      const x = v128.load(gradient);
      s0 = madd(x, v128.load(l0), s0);
      s1 = madd(x, v128.load(l0, 4), s1);
      s2 = madd(x, v128.load(l0, 8), s2);
      // Never true. Without such exits V8 computes all nine products before it adds them, and runs out of registers.
      if (l1 < l0) break;
      s3 = madd(x, v128.load(l1), s3);
      s4 = madd(x, v128.load(l1, 4), s4);
      s5 = madd(x, v128.load(l1, 8), s5);
      if (l2 < l1) break;
      s6 = madd(x, v128.load(l2), s6);
      s7 = madd(x, v128.load(l2, 4), s7);
      s8 = madd(x, v128.load(l2, 8), s8);
      l0 += 16;
      l1 += 16;
      l2 += 16;
    }
  }
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
  v128.store(sums, s4, 64);
  v128.store(sums, s5, 80);
  v128.store(sums, s6, 96);
  v128.store(sums, s7, 112);
  v128.store(sums, s8, 128);
}
