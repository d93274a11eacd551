// The micro-kernel of every float32 product: a tile of 4 rows and 8 columns.
//
//   c[i, j] (+)= Σ_p a[p, i] · b[p, j],   i < 4, j < 8, p < k
//
// Operands   packed: the 4 numbers of a and the 8 numbers of b for one step are adjacent, and steps are consecutive.
//            Two loads of b and four of a serve 32 products and sums.
// Registers  8 sums of four lanes, 2 of b, one of a and one product: 12 of the 15 that V8 can use.
// Loop       two steps per iteration with an exit between them, because V8 checks for interrupts once per iteration.
//            Without the exit V8 reorders the products of both steps and runs out of registers.
// Numerics   float32, p ascending; rounded as in madd.ts.

import { madd } from './madd';

/** Rows and columns of a tile. */
export const ROWS: i32 = 4;
export const COLUMNS: i32 = 8;

/** How a tile of sums starts. Sums that are added in parts have smaller rounding errors. */
export const FROM_ZERO: i32 = 0;
export const FROM_SUMS: i32 = 1;
export const ADDED: i32 = 2;

/** Bytes from one step of a packed operand to the next. */
export const A_STEP: usize = 16;
export const B_STEP: usize = 32;

/**
 * @param c the start of the tile; its rows are `stride` bytes apart
 * @param start FROM_ZERO, FROM_SUMS where the sums start from the values in c, or ADDED where they are added to them
 */
export function tile(a: usize, b: usize, k: i32, c: usize, stride: usize, start: i32): void {
  const c1 = c + stride;
  const c2 = c1 + stride;
  const c3 = c2 + stride;
  let s00 = f32x4.splat(0);
  let s01 = s00;
  let s10 = s00;
  let s11 = s00;
  let s20 = s00;
  let s21 = s00;
  let s30 = s00;
  let s31 = s00;
  if (start == FROM_SUMS) {
    s00 = v128.load(c);
    s01 = v128.load(c, 16);
    s10 = v128.load(c1);
    s11 = v128.load(c1, 16);
    s20 = v128.load(c2);
    s21 = v128.load(c2, 16);
    s30 = v128.load(c3);
    s31 = v128.load(c3, 16);
  }
  let b0: v128;
  let b1: v128;
  let x: v128;
  const end = a + <usize>k * A_STEP;
  while (k > 0) {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    x = v128.load_splat<f32>(a);
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
    b += B_STEP;
    if (a >= end) break;
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    x = v128.load_splat<f32>(a);
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
    b += B_STEP;
    if (a >= end) break;
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
  }
  v128.store(c, s00);
  v128.store(c, s01, 16);
  v128.store(c1, s10);
  v128.store(c1, s11, 16);
  v128.store(c2, s20);
  v128.store(c2, s21, 16);
  v128.store(c3, s30);
  v128.store(c3, s31, 16);
}
