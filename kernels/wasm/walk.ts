// Walks over operands with any strides, of up to four axes.

import { loadLanes } from './lanes';

/** A position on four axes, and the sizes of the last three. Strides and offsets are in elements. */
@unmanaged
export class Operand {
  start: usize;
  stride0: i32;
  stride1: i32;
  stride2: i32;
  stride3: i32;
}

/**
 * Elements `first` to `first` + `count` of an operand, in order of the walk, one after the other. An element has 1 << `shift`
 * bytes: one or four.
 */
export function inOrder(
  from: Operand,
  n1: i32,
  n2: i32,
  n3: i32,
  shift: i32,
  first: i32,
  count: i32,
  to: usize,
): void {
  let row = first / n3;
  let i3 = first - row * n3;
  let matrix = row / n2;
  let i2 = row - matrix * n2;
  let i0 = matrix / n1;
  let i1 = matrix - i0 * n1;
  const step = from.stride3 << shift;
  const isPlain = (step == 1 << shift || step == 0) && n3 <= SHORT;
  while (count > 0) {
    const start =
      from.start +
      ((i0 * from.stride0 + i1 * from.stride1 + i2 * from.stride2 + i3 * from.stride3) << shift);
    let rows = 1;
    if (isPlain && i3 == 0 && count >= n3) {
      rows = min(n2 - i2, count / n3);
      shortRows(start, from.stride2 << shift, step == 0, n3, shift, rows, to);
      to += (<usize>(rows * n3)) << shift;
      count -= rows * n3;
    } else {
      const length = min(n3 - i3, count);
      if (shift == 2) copyRun(start, step, length, to);
      else copyBytes(start, step, length, to);
      to += (<usize>length) << shift;
      count -= length;
      i3 = 0;
    }
    i2 += rows;
    if (i2 == n2) {
      i2 = 0;
      if (++i1 == n1) {
        i1 = 0;
        i0++;
      }
    }
  }
}

/** Rows of so few elements are written in whole vectors: the next row overwrites what is too much. */
const SHORT: i32 = 32;

/** Rows of adjacent elements, or of one element each, `line` bytes apart. Writes up to 15 bytes past the end. */
@inline
function shortRows(from: usize, line: i32, isStill: bool, length: i32, shift: i32, rows: i32, to: usize): void {
  const row = (<usize>length) << shift;
  const end = to + <usize>rows * row;
  if (isStill && shift == 0) {
    for (; to < end; to += row, from += line) {
      const value = v128.load8_splat(from);
      for (let at: usize = 0; at < row; at += 16) v128.store(to + at, value);
    }
  } else if (isStill && length <= 4) {
    for (; to < end; to += row, from += line) v128.store(to, v128.load32_splat(from));
  } else if (isStill) {
    for (; to < end; to += row, from += line) {
      const value = v128.load32_splat(from);
      for (let at: usize = 0; at < row; at += 16) v128.store(to + at, value);
    }
  } else {
    for (; to < end; to += row, from += line) {
      for (let at: usize = 0; at < row; at += 16) v128.store(to + at, v128.load(from + at));
    }
  }
}

/** `count` elements `step` bytes apart, one after the other. */
@inline
export function copyRun(from: usize, step: i32, count: i32, to: usize): void {
  const whole = to + ((<usize>(count & ~3)) << 2);
  const end = to + ((<usize>count) << 2);
  if (step == 4) {
    for (; to < whole; to += 16, from += 16) v128.store(to, v128.load(from));
  } else if (step == 0) {
    const value = v128.load32_splat(from);
    for (; to < whole; to += 16) v128.store(to, value);
  } else if (step == 8) {
    for (; to < whole; to += 16, from += 32) {
      v128.store(to, v128.shuffle<i32>(v128.load(from), v128.load(from, 16), 0, 2, 4, 6));
    }
  } else {
    for (; to < whole; to += 16, from += 4 * step) v128.store(to, loadLanes(from, step));
  }
  for (; to < end; to += 4, from += step) store<u32>(to, load<u32>(from));
}

/** The same of bytes. */
function copyBytes(from: usize, step: i32, count: i32, to: usize): void {
  const end = to + <usize>count;
  if (step == 1) memory.copy(to, from, count);
  else if (step == 0) memory.fill(to, load<u8>(from), count);
  else for (; to < end; to++, from += step) store<u8>(to, load<u8>(from));
}
