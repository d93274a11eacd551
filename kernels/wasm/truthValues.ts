// The loops of elementwise.ts over truth values, which are bytes: choices, relations and logic. They are inlined as those of
// numbers.ts.

import * as op from './elementwiseJob';
import { select } from './madd';

/** A choice: as `light` in numbers.ts, with a condition of one byte an element. */
@inline
export function chosen(a: usize, b: usize, c: usize, aMoves: bool, bMoves: bool, cMoves: bool, out: usize, count: i32): void {
  const aStep: usize = aMoves ? 64 : 0;
  const bStep: usize = bMoves ? 64 : 0;
  const cStep: usize = cMoves ? 16 : 0;
  const end = out + ((<usize>count) << 2);
  for (; out + 64 <= end; out += 64, a += aStep, b += bStep, c += cStep) {
    // Each byte becomes a word of ones or zeros.
    const test = i8x16.ne(v128.load(c), i8x16.splat(0));
    const low = i16x8.extend_low_i8x16_s(test);
    const high = i16x8.extend_high_i8x16_s(test);
    v128.store(out, select(v128.load(a), v128.load(b), i32x4.extend_low_i16x8_s(low)));
    v128.store(out, select(v128.load(a, 16), v128.load(b, 16), i32x4.extend_high_i16x8_s(low)), 16);
    v128.store(out, select(v128.load(a, 32), v128.load(b, 32), i32x4.extend_low_i16x8_s(high)), 32);
    v128.store(out, select(v128.load(a, 48), v128.load(b, 48), i32x4.extend_high_i16x8_s(high)), 48);
  }
  for (; out < end; out += 4, a += 4, b += 4, c += 1) store<u32>(out, load<u32>(load<u8>(c) != 0 ? a : b));
}

/** A relation: as `light`, with results of one byte. */
@inline
export function related(operation: i32, a: usize, b: usize, aMoves: bool, bMoves: bool, out: usize, count: i32): void {
  const aStep: usize = aMoves ? 64 : 0;
  const bStep: usize = bMoves ? 64 : 0;
  const one = i8x16.splat(1);
  const end = out + <usize>count;
  for (; out + 16 <= end; out += 16, a += aStep, b += bStep) {
    const first = relation(operation, v128.load(a), v128.load(b));
    const second = relation(operation, v128.load(a, 16), v128.load(b, 16));
    const third = relation(operation, v128.load(a, 32), v128.load(b, 32));
    const fourth = relation(operation, v128.load(a, 48), v128.load(b, 48));
    const low = i16x8.narrow_i32x4_s(first, second);
    const high = i16x8.narrow_i32x4_s(third, fourth);
    v128.store(out, v128.and(i8x16.narrow_i16x8_s(low, high), one));
  }
  for (; out < end; out++, a += 4, b += 4) {
    const found = relation(operation, v128.load32_splat(a), v128.load32_splat(b));
    store<u8>(out, <u8>(i32x4.extract_lane(found, 0) & 1));
  }
}

@inline
function relation(operation: i32, x: v128, y: v128): v128 {
  if (operation == op.EQ) return f32x4.eq(x, y);
  if (operation == op.NE) return f32x4.ne(x, y);
  if (operation == op.LT) return f32x4.lt(x, y);
  if (operation == op.LE) return f32x4.le(x, y);
  if (operation == op.WHOLE_EQ) return i32x4.eq(x, y);
  if (operation == op.WHOLE_NE) return i32x4.ne(x, y);
  if (operation == op.WHOLE_LT) return i32x4.lt_s(x, y);
  return i32x4.le_s(x, y);
}

/** Logic: as `light`, with bytes. */
@inline
export function logic(operation: i32, a: usize, b: usize, aMoves: bool, bMoves: bool, out: usize, count: i32): void {
  const aStep: usize = aMoves ? 64 : 0;
  const bStep: usize = bMoves ? 64 : 0;
  const end = out + <usize>count;
  for (; out + 64 <= end; out += 64, a += aStep, b += bStep) {
    v128.store(out, applyLogic(operation, v128.load(a), v128.load(b)));
    v128.store(out, applyLogic(operation, v128.load(a, 16), v128.load(b, 16)), 16);
    v128.store(out, applyLogic(operation, v128.load(a, 32), v128.load(b, 32)), 32);
    v128.store(out, applyLogic(operation, v128.load(a, 48), v128.load(b, 48)), 48);
  }
  for (; out < end; out++, a++, b++) {
    const found = applyLogic(operation, v128.load8_splat(a), v128.load8_splat(b));
    store<u8>(out, <u8>i8x16.extract_lane_u(found, 0));
  }
}

@inline
function applyLogic(operation: i32, x: v128, y: v128): v128 {
  if (operation == op.AND) return v128.and(x, y);
  if (operation == op.OR) return v128.or(x, y);
  const differ = v128.xor(x, y);
  return operation == op.XOR ? differ : v128.xor(differ, i8x16.splat(1));
}
