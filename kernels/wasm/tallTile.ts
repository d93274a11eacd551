// The micro-kernel of matmul where the engine has relaxed SIMD: a tile of 6 rows and 8 columns.
//
//   c[i, j] (+)= Σ_p a[p, i] · b[p, j],   i < 6, j < 8, p < k
//
// Operands   packed: the 6 numbers of a and the 8 numbers of b for one step are adjacent, and steps are consecutive.
//            Two loads of b and six of a serve 48 products and sums, where the tile of 4 rows needs two and four for 32.
// Registers  12 sums of four lanes, 2 of b and one of a: all 15 that V8 can use. Without fused multiply-add a product would
//            need a register, too.
// Loop       one step per iteration: with two, V8 of Node 22 runs out of registers, and takes 1.3 times as long.
// Numerics   float32, p ascending; rounded as in madd.ts.

import { madd } from './madd';
import { ADDED, B_STEP, FROM_SUMS } from './tile';

export const TALL_ROWS: i32 = 6;

/** Bytes from one step of packed rows to the next. */
export const TALL_STEP: usize = 24;

/**
 * @param c the start of the tile; its rows are `stride` bytes apart
 * @param start FROM_ZERO, FROM_SUMS where the sums start from the values in c, or ADDED where they are added to them
 */
export function tallTile(a: usize, b: usize, k: i32, c: usize, stride: usize, start: i32): void {
  const c1 = c + stride;
  const c2 = c1 + stride;
  const c3 = c2 + stride;
  const c4 = c3 + stride;
  const c5 = c4 + stride;
  let s00 = f32x4.splat(0);
  let s01 = s00;
  let s10 = s00;
  let s11 = s00;
  let s20 = s00;
  let s21 = s00;
  let s30 = s00;
  let s31 = s00;
  let s40 = s00;
  let s41 = s00;
  let s50 = s00;
  let s51 = s00;
  if (start == FROM_SUMS) {
    s00 = v128.load(c);
    s01 = v128.load(c, 16);
    s10 = v128.load(c1);
    s11 = v128.load(c1, 16);
    s20 = v128.load(c2);
    s21 = v128.load(c2, 16);
    s30 = v128.load(c3);
    s31 = v128.load(c3, 16);
    s40 = v128.load(c4);
    s41 = v128.load(c4, 16);
    s50 = v128.load(c5);
    s51 = v128.load(c5, 16);
  }
  const end = a + <usize>k * TALL_STEP;
  while (a < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
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
    x = v128.load_splat<f32>(a, 16);
    s40 = madd(x, b0, s40);
    s41 = madd(x, b1, s41);
    x = v128.load_splat<f32>(a, 20);
    s50 = madd(x, b0, s50);
    s51 = madd(x, b1, s51);
    a += TALL_STEP;
    b += B_STEP;
  }
  if (start == ADDED) {
    s00 = f32x4.add(s00, v128.load(c));
    s01 = f32x4.add(s01, v128.load(c, 16));
    s10 = f32x4.add(s10, v128.load(c1));
    s11 = f32x4.add(s11, v128.load(c1, 16));
    s20 = f32x4.add(s20, v128.load(c2));
    s21 = f32x4.add(s21, v128.load(c2, 16));
    s30 = f32x4.add(s30, v128.load(c3));
    s31 = f32x4.add(s31, v128.load(c3, 16));
    s40 = f32x4.add(s40, v128.load(c4));
    s41 = f32x4.add(s41, v128.load(c4, 16));
    s50 = f32x4.add(s50, v128.load(c5));
    s51 = f32x4.add(s51, v128.load(c5, 16));
  }
  v128.store(c, s00);
  v128.store(c, s01, 16);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c2, s20);
  v128.store(c2, s21, 16);
  v128.store(c3, s30);
  v128.store(c3, s31, 16);
  v128.store(c4, s40);
  v128.store(c4, s41, 16);
  v128.store(c5, s50);
  v128.store(c5, s51, 16);
}
