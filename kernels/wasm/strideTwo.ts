// Convolutions of 3 × 3 with stride 2 between many channels, and their input gradients, with 25 products instead of 36 for
// each four outputs.
//
// In one dimension, two outputs are y₀ = p₀w₀ + p₁w₁ + p₂w₂ and y₁ = p₂w₀ + p₃w₁ + p₄w₂. The even pixels are a convolution
// of two elements, which Winograd's F(2, 2) computes with three products instead of four:
//
//   m₀ = (p₀ - p₂) w₀ + p₁w₁,   m₁ = p₂ (w₀ + w₂),   m₂ = (p₄ - p₂) w₂ + p₃w₁;   y₀ = m₀ + m₁,   y₁ = m₁ + m₂
//
// So there are nine sums in two dimensions, over one, two or four products for each channel. In the input gradient, pixels of
// one parity see one output, and those of the other see two: d₀w₁, (d₀ - d₁) w₂ + d₁ (w₀ + w₂), d₁w₁ and
// d₁ (w₀ + w₂) + (d₂ - d₁) w₀ for outputs d, with padding 1.
//
// The sums are products of matrices, [tiles × channels] · [channels × rows]. Tiles of all images follow each other; they are
// the rows of panels.ts, and the filters its columns.
//
// Numerics   float32; exact on small integers. The error is no larger than that of a float32 sum by the definition. A pixel
//            that is not finite would spoil its neighbours' outputs. `flag` reports that an output is not finite, and the
//            caller then computes the result in another way.

import { madd } from './madd';
import { transpose } from './pack';
import { multiplyTile, ROWS, ROWS_STEP, TILE } from './panels';
import { packOutputs, packTiles, placeOf, PLACES } from './strideTwoTransforms';
import { B_STEP, FROM_ZERO } from './tile';
import { storePart } from './winogradFour';

@unmanaged
export class StrideTwoJob {
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

/** Bytes of what is noted of a tile: its pixels, its outputs, and how many lines and columns of them exist. */
const NOTE: usize = 16;
/** Bytes of a block: the outputs of a tile, in four rows. */
const BLOCK: i32 = 256;

/** Bytes of scratch memory: a block, the sums of a tile, notes and transformed pixels. */
export function strideTwoScratch(depth: i32, taskTiles: i32): i32 {
  return BLOCK + PLACES * TILE + taskTiles * (<i32>NOTE + 4 * PLACES * depth);
}

/** The outputs. A tile has 2 × 2 of them, of 5 × 5 pixels. */
export function strideTwoTask(job: StrideTwoJob, task: i32, block: usize): void {
  multiplyTiles(job, task, block, false);
}

/** The gradient of the images. A tile has 4 × 4 pixels, which see 3 × 3 outputs. */
export function strideTwoGradientTask(job: StrideTwoJob, task: i32, block: usize): void {
  multiplyTiles(job, task, block, true);
}

function multiplyTiles(job: StrideTwoJob, task: i32, block: usize, backward: bool): void {
  const side = backward ? 4 : 2;
  const across = (job.width + side - 1) / side;
  const tiles = (job.parts / job.groups) * across * ((job.height + side - 1) / side);
  const tasks = (tiles + job.taskTiles - 1) / job.taskTiles;
  const group = task / tasks;
  const tile = (task % tasks) * job.taskTiles;
  const count = min(job.taskTiles, tiles - tile);
  const sums = block + BLOCK;
  const notes = sums + <usize>(PLACES * TILE);
  const pixels = notes + <usize>job.taskTiles * NOTE;
  const pixelStep = <usize>job.depth * ROWS_STEP;
  const panelStep = <usize>(backward ? 16 : PLACES) * pixelStep;
  const filterStep = <usize>(PLACES * job.depth) * B_STEP;
  note(job, group, tile, count, across, side, notes);
  for (let quad = 0; quad < count; quad += 4) {
    const from = notes + <usize>quad * NOTE;
    const first = pixels + <usize>(quad / ROWS) * panelStep + ((<usize>(quad % ROWS)) << 2);
    const second = pixels + <usize>((quad + 2) / ROWS) * panelStep + ((<usize>((quad + 2) % ROWS)) << 2);
    transform(job, from, min(4, count - quad), first, second, pixelStep, backward);
  }
  let filters = job.filters + <usize>(group * ((job.rows + 7) / 8)) * filterStep;
  for (let row = 0; row < job.rows; row += 8, filters += filterStep) {
    let a = pixels;
    for (let panel = 0; panel < count; panel += ROWS, a += panelStep) {
      if (backward) multiplyGradients(a, filters, job.depth, sums);
      else multiplyPixels(a, filters, job.depth, sums);
      for (let each = 0; each < min(ROWS, count - panel); each++) {
        const from = sums + ((<usize>each) << 5);
        const noted = notes + <usize>(panel + each) * NOTE;
        for (let half = 0; half < 8 && row + half < job.rows; half += 4) {
          if (backward) storePixels(job, group, row + half, noted, from + ((<usize>half) << 2), block);
          else storeOutputs(job, group, row + half, noted, from + ((<usize>half) << 2));
        }
      }
    }
  }
}

/** The nine sums of the outputs. */
function multiplyPixels(a: usize, b: usize, depth: i32, to: usize): void {
  for (let u = 0; u < 3; u++) {
    for (let v = 0; v < 3; v++, to += TILE) {
      const steps = (u == 1 ? 1 : 2) * (v == 1 ? 1 : 2) * depth;
      multiplyTile(a, b, steps, to, 32, FROM_ZERO);
      a += <usize>steps * ROWS_STEP;
      b += <usize>steps * B_STEP;
    }
  }
}

/** The 25 sums of the gradient. The third of the four outputs has two filters. */
function multiplyGradients(a: usize, b: usize, depth: i32, to: usize): void {
  const step = <usize>depth * ROWS_STEP;
  for (let s = 0; s < 5; s++) {
    const line = a + <usize>(4 * (s > 2 ? s - 1 : s)) * step;
    for (let t = 0; t < 5; t++, to += TILE, b += <usize>depth * B_STEP) {
      multiplyTile(line + <usize>(t > 2 ? t - 1 : t) * step, b, depth, to, 32, FROM_ZERO);
    }
  }
}

/** Notes where tiles lie. */
function note(
  job: StrideTwoJob,
  group: i32,
  tile: i32,
  count: i32,
  across: i32,
  side: i32,
  to: usize,
): void {
  const perImage = across * ((job.height + side - 1) / side);
  const line = (<usize>job.width) << 2;
  // Tiles of outputs are four pixels apart, and those of pixels two outputs.
  const step = 6 - side;
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

/** Transforms up to four tiles, for every channel. The numbers of each place are `depth` steps of a panel. */
function transform(
  job: StrideTwoJob,
  notes: usize,
  count: i32,
  to: usize,
  second: usize,
  placeStep: usize,
  backward: bool,
): void {
  let p0 = load<usize>(notes);
  let p1 = load<usize>(notes + <usize>min(1, count - 1) * NOTE);
  let p2 = load<usize>(notes + <usize>min(2, count - 1) * NOTE);
  let p3 = load<usize>(notes + <usize>min(3, count - 1) * NOTE);
  for (let c = 0; c < job.depth; c++) {
    if (backward) packOutputs(p0, p1, p2, p3, job.imageLine, to, second - to, placeStep);
    else packTiles(p0, p1, p2, p3, job.imageLine, to, second - to, placeStep);
    to += ROWS_STEP;
    second += ROWS_STEP;
    p0 += job.imagePlane;
    p1 += job.imagePlane;
    p2 += job.imagePlane;
    p3 += job.imagePlane;
  }
}

/** Stores the 2 × 2 outputs of a tile, with bias and relu, in four rows. Lanes are rows. */
function storeOutputs(job: StrideTwoJob, group: i32, row: i32, noted: usize, sums: usize): void {
  const line = (<usize>job.width) << 2;
  const plane = <usize>job.height * line;
  const lines = load<i32>(noted, 8);
  const columns = load<i32>(noted, 12);
  const rows = min(4, job.rows - row);
  const zero = f32x4.splat(0);
  const least = f32x4.splat(job.relu ? 0 : -Infinity);
  const addend = job.hasBias ? v128.load(job.bias + ((<usize>(group * job.rows + row)) << 2)) : zero;
  let nought = zero;
  let to = load<usize>(noted, 4) + <usize>row * plane;
  for (let y = 0; y < lines; y++, to += line, sums += 3 * TILE) {
    const middle = f32x4.add(v128.load(sums + TILE), v128.load(sums + 4 * TILE));
    let v0 = f32x4.add(f32x4.add(v128.load(sums), v128.load(sums + 3 * TILE)), middle);
    let v1 = f32x4.add(f32x4.add(v128.load(sums + 2 * TILE), v128.load(sums + 5 * TILE)), middle);
    // Zeros, or NaN for what is not finite.
    nought = madd(v1, zero, madd(v0, zero, nought));
    v0 = f32x4.max(f32x4.add(v0, addend), least);
    v1 = f32x4.max(f32x4.add(v1, addend), least);
    if (columns == 2) {
      const low = v128.shuffle<f32>(v0, v1, 0, 4, 1, 5);
      const high = v128.shuffle<f32>(v0, v1, 2, 6, 3, 7);
      v128.store64_lane(to, low, 0);
      if (rows > 1) v128.store64_lane(to + plane, low, 1);
      if (rows > 2) v128.store64_lane(to + 2 * plane, high, 0);
      if (rows > 3) v128.store64_lane(to + 3 * plane, high, 1);
    } else {
      v128.store32_lane(to, v0, 0);
      if (rows > 1) v128.store32_lane(to + plane, v0, 1);
      if (rows > 2) v128.store32_lane(to + 2 * plane, v0, 2);
      if (rows > 3) v128.store32_lane(to + 3 * plane, v0, 3);
    }
  }
  if (v128.any_true(f32x4.ne(nought, nought))) store<i32>(job.flag, 1);
}

/** Stores the gradient of the 4 × 4 pixels of a tile, in four rows. Lanes are rows. */
function storePixels(job: StrideTwoJob, group: i32, row: i32, noted: usize, sums: usize, block: usize): void {
  const line = (<usize>job.width) << 2;
  const plane = <usize>job.height * line;
  const lines = load<i32>(noted, 8);
  const columns = load<i32>(noted, 12);
  const rows = min(4, job.rows - row);
  const whole = columns == 4 && rows == 4;
  const zero = f32x4.splat(0);
  let nought = zero;
  let to = load<usize>(noted, 4) + <usize>row * plane;
  for (let y = 0; y < lines; y++, to += line) {
    // Odd lines are the sums of two: of the second and third, and of the third and fifth.
    const even = y & 1;
    const from = sums + <usize>((even == 0 ? (y == 0 ? 0 : 3) : y == 1 ? 1 : 2) * 5 * TILE);
    const step = <usize>((even == 0 ? 0 : y == 1 ? 1 : 2) * 5 * TILE);
    const m1 = sumOf(from + TILE, step);
    const m2 = sumOf(from + 2 * TILE, step);
    const m4 = sumOf(from + 4 * TILE, step);
    const v0 = sumOf(from, step);
    const v1 = f32x4.add(m1, m2);
    const v2 = sumOf(from + 3 * TILE, step);
    const v3 = f32x4.add(m2, m4);
    nought = madd(v1, zero, madd(v0, zero, nought));
    nought = madd(v3, zero, madd(v2, zero, nought));
    transpose(v0, v1, v2, v3, whole ? to : block, whole ? plane : 16);
    if (!whole) storePart(block, to, plane, rows, columns);
  }
  if (v128.any_true(f32x4.ne(nought, nought))) store<i32>(job.flag, 1);
}

/** Two sums added, or one. */
@inline
function sumOf(at: usize, step: usize): v128 {
  const value = v128.load(at);
  return step == 0 ? value : f32x4.add(value, v128.load(at + step));
}

/** The 25 filters of each place, of all groups, as panels of eight rows. A task is a panel's rows. */
@unmanaged
export class StrideTwoFiltersJob {
  from: usize;
  to: usize;
  groupStride: usize;
  rows: i32;
  rowStride: usize;
  depth: i32;
  depthStride: usize;
  /** Whether for the input gradient. */
  backward: i32;
}

export function strideTwoFiltersTask(job: StrideTwoFiltersJob, task: i32): void {
  const panels = (job.rows + 7) / 8;
  const placeStep = <usize>job.depth * B_STEP;
  const first = (task % panels) * 8;
  for (let row = first; row < first + 8; row += 4) {
    let from = job.from + <usize>(task / panels) * job.groupStride;
    let to = job.to + <usize>(task * PLACES) * placeStep + ((<usize>(row - first)) << 2);
    // Rows past the end give sums that are not stored.
    const r0 = <usize>min(row, job.rows - 1) * job.rowStride;
    const r1 = <usize>min(row + 1, job.rows - 1) * job.rowStride;
    const r2 = <usize>min(row + 2, job.rows - 1) * job.rowStride;
    const r3 = <usize>min(row + 3, job.rows - 1) * job.rowStride;
    for (let c = 0; c < job.depth; c++, from += job.depthStride, to += B_STEP) {
      for (let s = 0; s < 5; s++) {
        for (let t = 0; t < 5; t++) {
          const i = elementOf(s, job.backward);
          const j = elementOf(t, job.backward);
          let value = element(from, r0, r1, r2, r3, i, j);
          if (s == 2) value = f32x4.add(value, element(from, r0, r1, r2, r3, 2, j));
          if (t == 2) {
            let other = element(from, r0, r1, r2, r3, i, 2);
            if (s == 2) other = f32x4.add(other, element(from, r0, r1, r2, r3, 2, 2));
            value = f32x4.add(value, other);
          }
          const place = job.backward ? 5 * s + t : placeOf(s, t);
          v128.store(to + <usize>place * placeStep, value);
        }
      }
    }
  }
}

/** The element of a place, or the first of two. */
@inline
function elementOf(place: i32, backward: i32): i32 {
  if (place == 2) return 0;
  if (backward) return place == 1 ? 2 : place == 4 ? 0 : 1;
  return place == 0 ? 0 : place == 4 ? 2 : 1;
}

@inline
function element(from: usize, r0: usize, r1: usize, r2: usize, r3: usize, i: i32, j: i32): v128 {
  const at = from + ((<usize>(3 * i + j)) << 2);
  let value = v128.load_splat<f32>(at + r0);
  value = v128.load32_lane(at + r1, value, 1);
  value = v128.load32_lane(at + r2, value, 2);
  return v128.load32_lane(at + r3, value, 3);
}
