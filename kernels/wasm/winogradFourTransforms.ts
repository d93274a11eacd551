// The transforms of Winograd's minimal filtering F(4 × 4, 3 × 3), one dimension at a time: see winogradFour.ts.
//
//        ⎡ a²b²    0   -a²-b²   0     1  0 ⎤       ⎡ c   0    0  ⎤        ⎡ 1  1    1   1    1  0 ⎤
//        ⎢  0    -ab²   -b²     a     1  0 ⎥       ⎢ d   ad  a²d ⎥   Aᵀ = ⎢ 0  a   -a   b   -b  0 ⎥
//   Bᵀ = ⎢  0     ab²   -b²    -a     1  0 ⎥   G = ⎢ d  -ad  a²d ⎥        ⎢ 0  a²  a²  b²   b²  0 ⎥
//        ⎢  0    -a²b   -a²     b     1  0 ⎥       ⎢ e   be  b²e ⎥        ⎣ 0  a³ -a³  b³  -b³  1 ⎦
//        ⎢  0     a²b   -a²    -b     1  0 ⎥       ⎢ e  -be  b²e ⎥
//        ⎣  0    a²b²    0   -a²-b²   0  1 ⎦       ⎣ 0   0    1  ⎦
//
//   c = 1 / a²b²,   d = 1 / 2a²(a² - b²),   e = 1 / 2b²(b² - a²)
//
// They interpolate in the points 0, ±a, ±b and ∞. For a = 5/8 and b = 3/2, the mean rounding error is two fifths of that of the
// usual a = 1 and b = 2, and all numbers in A and B are exact.
//
// Lanes are independent: each belongs to another tile, channel or filter. Results are stored `step` bytes apart.
//
// Source     Alam, Anderson, Barabasz and Gregg: Winograd Convolution for Deep Neural Networks: Efficient Point Selection
//            (ACM TECS 21, 2022), for the kind of points.

import { madd } from './madd';
import { BLOCK } from './tiled';

/** Products of a tile of 6 × 6 pixels. */
export const PLACES: i32 = 36;

/** Bytes of a line of a block, which has a vector for each place. */
export const LINE: usize = 96;

const a: f32 = 0.625;
const b: f32 = 1.5;
const c: f32 = 1 / (a * a * b * b);
const d: f32 = 1 / (2 * a * a * (a * a - b * b));
const e: f32 = 1 / (2 * b * b * (b * b - a * a));

/** Bᵀ times six pixels. */
@inline
function timesB(x0: v128, x1: v128, x2: v128, x3: v128, x4: v128, x5: v128, to: usize, step: usize): void {
  const product = f32x4.splat(a * a * b * b);
  const sum = f32x4.splat(-a * a - b * b);
  v128.store(to, madd(product, x0, madd(sum, x2, x4)));
  v128.store(to + 5 * step, madd(product, x1, madd(sum, x3, x5)));
  const evenA = madd(f32x4.splat(-b * b), x2, x4);
  const oddA = madd(f32x4.splat(-a * b * b), x1, f32x4.mul(f32x4.splat(a), x3));
  v128.store(to + step, f32x4.add(evenA, oddA));
  v128.store(to + 2 * step, f32x4.sub(evenA, oddA));
  const evenB = madd(f32x4.splat(-a * a), x2, x4);
  const oddB = madd(f32x4.splat(-a * a * b), x1, f32x4.mul(f32x4.splat(b), x3));
  v128.store(to + 3 * step, f32x4.add(evenB, oddB));
  v128.store(to + 4 * step, f32x4.sub(evenB, oddB));
}

// The lines of Aᵀ. `even` are sums of two places of a pair of points, `odd` their differences.

@inline
export function output0(first: v128, evenA: v128, evenB: v128): v128 {
  return f32x4.add(first, f32x4.add(evenA, evenB));
}

@inline
export function output1(oddA: v128, oddB: v128): v128 {
  return madd(f32x4.splat(a), oddA, f32x4.mul(f32x4.splat(b), oddB));
}

@inline
export function output2(evenA: v128, evenB: v128): v128 {
  return madd(f32x4.splat(a * a), evenA, f32x4.mul(f32x4.splat(b * b), evenB));
}

@inline
export function output3(oddA: v128, oddB: v128, last: v128): v128 {
  return madd(f32x4.splat(a * a * a), oddA, madd(f32x4.splat(b * b * b), oddB, last));
}

/** A times four output gradients. */
@inline
function timesA(x0: v128, x1: v128, x2: v128, x3: v128, to: usize, step: usize): void {
  v128.store(to, x0);
  const evenA = madd(f32x4.splat(a * a), x2, x0);
  const oddA = madd(f32x4.splat(a * a * a), x3, f32x4.mul(f32x4.splat(a), x1));
  v128.store(to + step, f32x4.add(evenA, oddA));
  v128.store(to + 2 * step, f32x4.sub(evenA, oddA));
  const evenB = madd(f32x4.splat(b * b), x2, x0);
  const oddB = madd(f32x4.splat(b * b * b), x3, f32x4.mul(f32x4.splat(b), x1));
  v128.store(to + 3 * step, f32x4.add(evenB, oddB));
  v128.store(to + 4 * step, f32x4.sub(evenB, oddB));
  v128.store(to + 5 * step, x3);
}

/** G times three elements of a filter. */
@inline
function timesG(x0: v128, x1: v128, x2: v128, to: usize, step: usize): void {
  v128.store(to, f32x4.mul(f32x4.splat(c), x0));
  const evenA = f32x4.mul(f32x4.splat(d), madd(f32x4.splat(a * a), x2, x0));
  const oddA = f32x4.mul(f32x4.splat(a * d), x1);
  v128.store(to + step, f32x4.add(evenA, oddA));
  v128.store(to + 2 * step, f32x4.sub(evenA, oddA));
  const evenB = f32x4.mul(f32x4.splat(e), madd(f32x4.splat(b * b), x2, x0));
  const oddB = f32x4.mul(f32x4.splat(b * e), x1);
  v128.store(to + 3 * step, f32x4.add(evenB, oddB));
  v128.store(to + 4 * step, f32x4.sub(evenB, oddB));
  v128.store(to + 5 * step, x2);
}

/** Gᵀ times six sums. */
@inline
function foldG(x0: v128, x1: v128, x2: v128, x3: v128, x4: v128, x5: v128, to: usize, step: usize): void {
  const evenA = f32x4.mul(f32x4.splat(d), f32x4.add(x1, x2));
  const evenB = f32x4.mul(f32x4.splat(e), f32x4.add(x3, x4));
  v128.store(to, madd(f32x4.splat(c), x0, f32x4.add(evenA, evenB)));
  const oddB = f32x4.mul(f32x4.splat(b * e), f32x4.sub(x3, x4));
  v128.store(to + step, madd(f32x4.splat(a * d), f32x4.sub(x1, x2), oddB));
  const last = madd(f32x4.splat(b * b), evenB, x5);
  v128.store(to + 2 * step, madd(f32x4.splat(a * a), evenA, last));
}

/** Bᵀ d B of four tiles of 6 × 6 pixels: see `Pack` in tiled.ts. */
export function packPixels(
  p0: usize,
  p1: usize,
  p2: usize,
  p3: usize,
  line: usize,
  to: usize,
  apart: usize,
  placeStep: usize,
  block: usize,
): void {
  if (apart == 8) {
    transformPixels(p0, p1, p2, p3, line, to, placeStep, block);
  } else {
    transformPixels(p0, p1, p2, p3, line, block, 16, block);
    storePairs(block, to, to + apart, placeStep);
  }
}

function transformPixels(
  p0: usize,
  p1: usize,
  p2: usize,
  p3: usize,
  line: usize,
  to: usize,
  placeStep: usize,
  block: usize,
): void {
  for (let at = block, end = block + BLOCK; at < end; at += LINE) {
    const a0 = v128.load(p0);
    const a1 = v128.load(p1);
    const a2 = v128.load(p2);
    const a3 = v128.load(p3);
    const low01 = v128.shuffle<f32>(a0, a1, 0, 4, 1, 5);
    const low23 = v128.shuffle<f32>(a2, a3, 0, 4, 1, 5);
    const high01 = v128.shuffle<f32>(a0, a1, 2, 6, 3, 7);
    const high23 = v128.shuffle<f32>(a2, a3, 2, 6, 3, 7);
    const end01 = v128.shuffle<f32>(v128.load64_zero(p0, 16), v128.load64_zero(p1, 16), 0, 4, 1, 5);
    const end23 = v128.shuffle<f32>(v128.load64_zero(p2, 16), v128.load64_zero(p3, 16), 0, 4, 1, 5);
    timesB(
      v128.shuffle<f32>(low01, low23, 0, 1, 4, 5),
      v128.shuffle<f32>(low01, low23, 2, 3, 6, 7),
      v128.shuffle<f32>(high01, high23, 0, 1, 4, 5),
      v128.shuffle<f32>(high01, high23, 2, 3, 6, 7),
      v128.shuffle<f32>(end01, end23, 0, 1, 4, 5),
      v128.shuffle<f32>(end01, end23, 2, 3, 6, 7),
      at,
      16,
    );
    p0 += line;
    p1 += line;
    p2 += line;
    p3 += line;
  }
  for (let at = block, end = block + LINE; at < end; at += 16, to += placeStep) {
    timesB(
      v128.load(at),
      v128.load(at, 96),
      v128.load(at, 192),
      v128.load(at, 288),
      v128.load(at, 384),
      v128.load(at, 480),
      to,
      6 * placeStep,
    );
  }
}

/** Aᵀ times sums whose places are `placeStep` bytes apart: four lines of six, `LINE` bytes apart. */
export function transformSums(sums: usize, placeStep: usize, to: usize): void {
  for (const end = to + LINE; to < end; to += 16, sums += placeStep) {
    const m1 = v128.load(sums + 6 * placeStep);
    const m2 = v128.load(sums + 12 * placeStep);
    const m3 = v128.load(sums + 18 * placeStep);
    const m4 = v128.load(sums + 24 * placeStep);
    const evenA = f32x4.add(m1, m2);
    const oddA = f32x4.sub(m1, m2);
    const evenB = f32x4.add(m3, m4);
    const oddB = f32x4.sub(m3, m4);
    v128.store(to, output0(v128.load(sums), evenA, evenB));
    v128.store(to, output1(oddA, oddB), 96);
    v128.store(to, output2(evenA, evenB), 192);
    v128.store(to, output3(oddA, oddB, v128.load(sums + 30 * placeStep)), 288);
  }
}

/** A e Aᵀ of 4 × 4 output gradients e of four rows: see `PackGradients` in tiledWeight.ts. */
export function packGradients(
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
): void {
  const exist = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(columns));
  for (let y = 0; y < 4; y++) {
    const at = block + <usize>y * LINE;
    if (y < lines) transformGradients(p0, p1, p2, p3, exist, at);
    else memory.fill(at, 0, LINE);
    p0 += line;
    p1 += line;
    p2 += line;
    p3 += line;
  }
  if (apart == 8) {
    transformLines(block, to, placeStep);
  } else {
    transformLines(block, block, 16);
    storePairs(block, to, to + apart, placeStep);
  }
}

/** A line of four output gradients of four rows, times Aᵀ. Of the gradients, those exist whose lanes are set. */
function transformGradients(p0: usize, p1: usize, p2: usize, p3: usize, exist: v128, to: usize): void {
  const a0 = v128.and(v128.load(p0), exist);
  const a1 = v128.and(v128.load(p1), exist);
  const a2 = v128.and(v128.load(p2), exist);
  const a3 = v128.and(v128.load(p3), exist);
  const low01 = v128.shuffle<f32>(a0, a1, 0, 4, 1, 5);
  const low23 = v128.shuffle<f32>(a2, a3, 0, 4, 1, 5);
  const high01 = v128.shuffle<f32>(a0, a1, 2, 6, 3, 7);
  const high23 = v128.shuffle<f32>(a2, a3, 2, 6, 3, 7);
  timesA(
    v128.shuffle<f32>(low01, low23, 0, 1, 4, 5),
    v128.shuffle<f32>(low01, low23, 2, 3, 6, 7),
    v128.shuffle<f32>(high01, high23, 0, 1, 4, 5),
    v128.shuffle<f32>(high01, high23, 2, 3, 6, 7),
    to,
    16,
  );
}

/** A times the first four lines of a block, for all places, which are `placeStep` bytes apart: 16 in the block itself. */
function transformLines(block: usize, to: usize, placeStep: usize): void {
  for (let at = block, end = block + LINE; at < end; at += 16, to += placeStep) {
    timesA(v128.load(at), v128.load(at, 96), v128.load(at, 192), v128.load(at, 288), to, 6 * placeStep);
  }
}

/** G g Gᵀ of nine elements of four filters. Places are `placeStep` bytes apart. */
export function transformFilter(elements: usize, block: usize, to: usize, placeStep: usize): void {
  for (let at = block, end = block + 3 * LINE; at < end; at += LINE, elements += 48) {
    timesG(v128.load(elements), v128.load(elements, 16), v128.load(elements, 32), at, 16);
  }
  for (let at = block, end = block + LINE; at < end; at += 16, to += placeStep) {
    timesG(v128.load(at), v128.load(at, 96), v128.load(at, 192), to, 6 * placeStep);
  }
}

/** Gᵀ s G of sums whose places are `placeStep` bytes apart: nine elements. */
export function foldFilter(sums: usize, placeStep: usize, to: usize): void {
  const folded = to + 144;
  for (let at = folded, end = folded + LINE; at < end; at += 16, sums += placeStep) {
    foldG(
      v128.load(sums),
      v128.load(sums + 6 * placeStep),
      v128.load(sums + 12 * placeStep),
      v128.load(sums + 18 * placeStep),
      v128.load(sums + 24 * placeStep),
      v128.load(sums + 30 * placeStep),
      at,
      LINE,
    );
  }
  for (let at = folded, end = folded + 3 * LINE; at < end; at += LINE, to += 48) {
    foldG(
      v128.load(at),
      v128.load(at, 16),
      v128.load(at, 32),
      v128.load(at, 48),
      v128.load(at, 64),
      v128.load(at, 80),
      to,
      16,
    );
  }
}

/** Stores a block at two addresses of each place: the first two lanes, and the last two. The first address wins. */
function storePairs(block: usize, first: usize, second: usize, placeStep: usize): void {
  for (const end = block + BLOCK; block < end; block += 16, first += placeStep, second += placeStep) {
    const value = v128.load(block);
    v128.store64_lane(second, value, 1);
    v128.store64_lane(first, value, 0);
  }
}
